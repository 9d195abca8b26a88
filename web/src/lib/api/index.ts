export { api, body } from './client';
export { ProblemError, asProblem, type FieldProblem } from './problem';
export type * from './schema';
export type { NewSession, Session, Stats, StatsPoint, SubscriptionStats } from './added';

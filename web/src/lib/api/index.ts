export { api, body } from './client';
export { inboxAddress, readInbox, type Received } from './inbox';
export { ProblemError, asNoAnswer, asProblem, type FieldProblem } from './problem';
export { publishEvent } from './publish';
export type * from './schema';

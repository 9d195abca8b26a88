import { asProblem, type ProblemError } from '$lib/api';

/** What came of doing one thing to many. */
export interface Tally {
  done: number;
  failed: readonly ProblemError[];
}

/** Does a thing to each, a few at once, and goes on when one fails. */
export async function each<T>(
  items: readonly T[],
  action: (item: T) => Promise<unknown>,
  width = 4,
): Promise<Tally> {
  const rest = [...items];
  const failed: ProblemError[] = [];
  const work = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) {
      try {
        await action(item);
      } catch (error) {
        failed.push(asProblem(error));
      }
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return { done: items.length - failed.length, failed };
}

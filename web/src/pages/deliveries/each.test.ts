import { expect, it } from 'vitest';
import { ProblemError } from '$lib/api';
import { each } from './each';

it('does a thing to each and counts what failed', async () => {
  const seen: number[] = [];
  const tally = await each([1, 2, 3, 4, 5, 6], async (item) => {
    if (item % 3 === 0) throw new ProblemError(409, 'conflict', 'Conflict', `${item} is under way`);
    seen.push(item);
  });
  expect(seen.sort()).toEqual([1, 2, 4, 5]);
  expect(tally.done).toBe(4);
  expect(tally.failed.map((problem) => problem.detail)).toEqual(['3 is under way', '6 is under way']);
});

it('never has more under way than its width', async () => {
  let open = 0;
  let most = 0;
  await each(
    Array.from({ length: 20 }, (_, index) => index),
    async () => {
      most = Math.max(most, ++open);
      await Promise.resolve();
      open -= 1;
    },
    3,
  );
  expect(most).toBe(3);
});

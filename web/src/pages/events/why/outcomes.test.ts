import { expect, it } from 'vitest';
import { counts, outcomeOf } from './outcomes';

it('a summary is told in one order, without what there was none of', () => {
  const summary = {
    looked_at: 9,
    is_complete: true,
    not_matched: 7,
    matched: 1,
    paused: 0,
    expired: 0,
    fault: 1,
    disabled: 0,
    unverified: 0,
  };
  expect(counts(summary)).toEqual([
    { outcome: 'matched', count: 1 },
    { outcome: 'not_matched', count: 7 },
    { outcome: 'fault', count: 1 },
  ]);
});

it('only what is counted can be searched for', () => {
  expect([outcomeOf('fault'), outcomeOf('deleted'), outcomeOf('looked_at'), outcomeOf(undefined)]).toEqual([
    'fault',
    undefined,
    undefined,
    undefined,
  ]);
});

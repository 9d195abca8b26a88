import { expect, it } from 'vitest';
import { waitingLine } from './waiting';

const point = (waiting_count: number | null) => ({
  at: '2026-11-21T08:00:00Z',
  accepted_count: 1,
  delivered_count: 1,
  failed_count: 0,
  dead_lettered_count: 0,
  waiting_count,
});

it('what waited is a line with gaps where nobody looked', () => {
  expect(waitingLine([point(0), point(null), point(12)])?.values).toEqual([0, null, 12]);
});

it('there is no line where nobody ever looked', () => {
  expect(waitingLine([point(null), point(null)])).toBeUndefined();
  expect(waitingLine([])).toBeUndefined();
});

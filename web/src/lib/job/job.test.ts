import { describe, expect, it } from 'vitest';
import type { Job } from '$lib/api';
import { isOpen, openedBy, shareOf, skipped } from './job';

const nothing = {
  other_type: 0,
  not_matching: 0,
  filter_failed: 0,
  expired: 0,
  open: 0,
  delivered: 0,
  failed: 0,
  missing: 0,
};
const job = (state: Job['state'], position_at?: string) => ({
  state,
  parameters: {
    after: '2026-11-01T00:00:00Z',
    before: '2026-11-05T00:00:00Z',
    types: [],
    only: 'missing' as const,
    rate_per_second: 50,
  },
  progress: { looked_at: 10, matched: 8, created: 3, reopened: 2, position_at, skipped: nothing },
});

describe('how far a job is', () => {
  it('is told by the moment it has reached', () => {
    expect(shareOf(job('running'))).toBe(0);
    expect(shareOf(job('running', '2026-11-02T00:00:00Z'))).toBe(0.25);
    expect(shareOf(job('cancelled', '2026-11-04T00:00:00Z'))).toBe(0.75);
  });

  it('is all of it when it is completed, wherever its last event lies', () => {
    expect(shareOf(job('completed', '2026-11-02T00:00:00Z'))).toBe(1);
  });
});

it('a job is open until it has ended', () => {
  const states = ['running', 'paused', 'completed', 'cancelled', 'failed'] as const;
  expect(states.filter((state) => isOpen({ state }))).toEqual(['running', 'paused']);
});

it('what was left alone is told by the reason, without those that nothing was left alone for', () => {
  const { progress } = job('running');
  expect(openedBy(progress)).toBe(5);
  expect(skipped(progress)).toEqual([]);
  expect(skipped({ ...progress, skipped: { ...nothing, delivered: 7, open: 1 } })).toEqual([
    { text: 'on their way already', count: 1 },
    { text: 'delivered before', count: 7 },
  ]);
});

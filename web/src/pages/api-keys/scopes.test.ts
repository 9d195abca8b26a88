import { expect, it } from 'vitest';
import { ending, endOf, lifetimes } from './scopes';

const now = Date.parse('2026-11-21T08:00:00Z');

it('counts days from now, and never ends without any', () => {
  expect(lifetimes.map(({ value }) => endOf(value, now))).toEqual([
    undefined,
    '2026-12-21T08:00:00.000Z',
    '2027-02-19T08:00:00.000Z',
    '2027-11-21T08:00:00.000Z',
  ]);
});

it('warns of a key that ends within a week', () => {
  expect(ending(undefined, now)).toBeUndefined();
  expect(ending('2026-12-21T08:00:00Z', now)).toBeUndefined();
  expect(ending('2026-11-25T08:00:00Z', now)).toBe('soon');
  expect(ending('2026-11-21T08:00:00Z', now)).toBe('ended');
});

import { describe, expect, it } from 'vitest';
import { lonely, shownAt, type Series } from './series';

const line = (values: (number | null)[], more: Partial<Series> = {}): Series => ({
  name: 'Waiting',
  values,
  color: 'info',
  swatch: 'bg-info',
  ...more,
});

describe('a line', () => {
  it('of what was counted adds up', () => {
    expect(shownAt(line([1_000, 2, 3]))).toBe('1,005');
    expect(shownAt(line([1_000, 2, 3]), 1)).toBe('2');
  });

  it('of what was seen at a time comes to the most that was seen', () => {
    expect(shownAt(line([3, null, 7, 2], { total: 'most' }))).toBe('7');
    expect(shownAt(line([null, null], { total: 'most' }))).toBe('–');
  });

  it('has no number where nobody looked', () => {
    expect(shownAt(line([3, null]), 1)).toBe('–');
    expect(shownAt(line([3]), 5)).toBe('–');
  });

  it('says "at least" where counting stopped', () => {
    expect(shownAt(line([10_000, 9_999], { cap: 10_000 }), 0)).toBe('10,000+');
    expect(shownAt(line([10_000, 9_999], { cap: 10_000 }), 1)).toBe('9,999');
  });

  it('has dots where gaps leave a point alone', () => {
    expect(lonely([1, null, 2, 3, null, null, 4])).toEqual([0, 6]);
    expect(lonely([null, 5, null])).toEqual([1]);
    expect(lonely([1, 2, 3])).toEqual([]);
    expect(lonely([])).toEqual([]);
  });
});

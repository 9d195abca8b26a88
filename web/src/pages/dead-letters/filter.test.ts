import { describe, expect, it } from 'vitest';
import type { DeadLetterGroup } from '$lib/api';
import { filterOf, groupFilter, groupKey, total } from './filter';

const group: DeadLetterGroup = {
  subscription_id: 'sub_a',
  reason: 'gone',
  count: 7,
  oldest_at: '2026-11-21T08:00:00Z',
  newest_at: '2026-11-21T09:00:00Z',
};

describe('filterOf', () => {
  it('takes the filters and nothing else of an address', () => {
    expect(filterOf({ subscription_id: 'sub_a', open: 'sub_a.gone', cursor: 'x', reason: 'bored' })).toEqual({
      subscription_id: 'sub_a',
    });
    expect(filterOf({ reason: 'gone', after: '' })).toEqual({ reason: 'gone' });
  });
});

describe('groups', () => {
  it('keep the period of the page when they are opened', () => {
    const after = '2026-11-21T00:00:00Z';
    expect(groupFilter({ after }, group)).toEqual({ after, subscription_id: 'sub_a', reason: 'gone' });
  });

  it('have a name for the address and a sum', () => {
    expect(groupKey(group)).toBe('sub_a.gone');
    expect(total([group, { ...group, count: 35 }])).toBe(42);
  });
});

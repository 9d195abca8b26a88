import { describe, expect, it } from 'vitest';
import { formatQuery, parseHash } from '$lib/router/route';
import { bulkQuery, filterOf, isEverything } from './filter';

describe('filterOf', () => {
  it('survives the way through the address', () => {
    const filter = {
      state: 'dead_lettered' as const,
      subscription_id: 'sub_01h455vb4pex5vsknk084sn02q',
      after: '2026-11-21T08:00:00.000Z',
    };
    expect(filterOf(parseHash(`#/deliveries${formatQuery(filter)}`).query)).toEqual(filter);
  });

  it('takes neither the cursor nor what is empty nor a state that does not exist', () => {
    expect(filterOf({ cursor: 'abc', event_id: '', state: 'asleep', before: undefined })).toEqual({});
  });
});

describe('bulkQuery', () => {
  it('says all only when no filter says less', () => {
    expect(isEverything({})).toBe(true);
    expect(bulkQuery({}, true)).toEqual({ all: true, dry_run: true });
    expect(bulkQuery({ state: 'pending' }, false)).toEqual({ state: 'pending', dry_run: false });
  });
});

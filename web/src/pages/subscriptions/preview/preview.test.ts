import { describe, expect, it } from 'vitest';
import { ProblemError, type Preview } from '$lib/api';
import { atTheForm, firstKind, together } from './preview';

const sample = (id: string) => ({
  id,
  type: 'a',
  source: '/b',
  accepted_at: '2026-11-21T08:00:00Z',
  clauses: [],
});
const found = (change: Partial<Preview>): Preview => ({
  looked_at: 0,
  matched: 0,
  not_matched: 0,
  faulted: 0,
  is_complete: true,
  samples: { matched: [], not_matched: [], faulted: [] },
  next: null,
  ...change,
});

describe('a preview', () => {
  it('that goes further back counts both and goes on from the older', () => {
    const samples = { matched: [], not_matched: [sample('evt_1')], faulted: [] };
    const both = together(
      found({ looked_at: 3, not_matched: 3, samples, next: 'a', newest_accepted_at: '2026-11-21T08:00:00Z' }),
      found({ looked_at: 2, matched: 2, samples: { ...samples, matched: [sample('evt_0')] }, next: 'b' }),
    );
    expect(both).toMatchObject({ looked_at: 5, matched: 2, not_matched: 3, next: 'b' });
    expect(both.newest_accepted_at).toBe('2026-11-21T08:00:00Z');
    expect([both.samples.matched.length, both.samples.not_matched.length]).toEqual([1, 2]);
  });

  it('begins with what matches, or else with why nothing does', () => {
    const samples = { matched: [], not_matched: [], faulted: [sample('evt_1')] };
    expect(firstKind(found({ samples }))).toBe('faulted');
    expect(firstKind(found({ samples: { ...samples, matched: [sample('evt_2')] } }))).toBe('matched');
    expect(firstKind(found({}))).toBe('matched');
  });

  it('that is refused tells it at the fields of the form', () => {
    const refused = new ProblemError(422, 'invalid_request', 'No', 'No.', [
      { pointer: '/subscription/filters/0/sql', detail: 'is odd' },
      { pointer: '/last', detail: 'is too many' },
    ]);
    expect(atTheForm(refused).errors.map(({ pointer }) => pointer)).toEqual(['/filters/0/sql', '/last']);
  });
});

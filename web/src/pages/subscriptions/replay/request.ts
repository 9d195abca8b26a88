import { ProblemError, type FieldProblem, type ReplayOnly, type ReplayRequest } from '$lib/api';
import { fromInput, toInput } from '$lib/form/period';

/** A replay while a person writes it. */
export interface ReplayDraft {
  /** As a `datetime-local` field holds it. */
  after: string;
  before: string;
  /** One a line. */
  types: string;
  only: ReplayOnly;
  rate: string;
}

/** What a replay starts from: what was missed in the last day. */
export function newReplay(now: number): ReplayDraft {
  const dayAgo = new Date(now - 86_400_000).toISOString();
  return { after: toInput(dayAgo), before: '', types: '', only: 'missing', rate: '50' };
}

/** The JSON of it. What can't be read throws as if the API had refused it. */
export function requestOf(draft: ReplayDraft): ReplayRequest {
  const errors: FieldProblem[] = [];
  const after = fromInput(draft.after);
  if (after === undefined) errors.push({ pointer: '/after', detail: 'must be a date and a time' });
  const rate = Number(draft.rate);
  if (draft.rate.trim() === '' || !Number.isFinite(rate))
    errors.push({ pointer: '/rate_per_second', detail: 'must be a number' });
  if (after === undefined || errors.length > 0)
    throw new ProblemError(
      0,
      'invalid_request',
      'Not sent',
      'Some fields can’t be read; nothing was sent.',
      errors,
    );
  const types = draft.types
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const before = fromInput(draft.before);
  return { after, ...(before ? { before } : {}), types, only: draft.only, rate_per_second: rate };
}

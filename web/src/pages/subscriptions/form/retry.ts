import type { RetryPolicy, RetryRule } from '$lib/api';
import type { Reader } from './reader';
import { formatWait, parseWaits } from './wait';

/** A retry policy while a person edits it. */
export interface RetryDraft {
  policy: RetryRule;
  retryKind: 'schedule' | 'exponential';
  schedule: string;
  initialInterval: string;
  multiplier: string;
  maxInterval: string;
  maxAttempts: string;
  jitter: string;
  permanentStatuses: string;
  maxRetryAfter: string;
}

/** The waits that come with a policy of that name, written out so that they can be read and changed. */
export function waitsOf(policy: RetryRule): Partial<RetryDraft> {
  if (policy === 'knative')
    return {
      retryKind: 'exponential',
      initialInterval: '200ms',
      multiplier: '2',
      maxInterval: '24h',
      maxAttempts: '11',
      jitter: '1',
    };
  return { retryKind: 'schedule', schedule: '0, 5s, 5m, 30m, 2h, 5h, 10h, 14h, 20h, 24h', jitter: '0.2' };
}

/** What a new subscription starts from. */
export function emptyRetry(): RetryDraft {
  return {
    policy: 'standard',
    retryKind: 'schedule',
    schedule: '',
    initialInterval: '5s',
    multiplier: '3',
    maxInterval: '24h',
    maxAttempts: '10',
    jitter: '0.2',
    permanentStatuses: '415',
    maxRetryAfter: '24h',
    ...waitsOf('standard'),
  };
}

/** A stored policy as a draft. */
export function retryDraft(retry: RetryPolicy): RetryDraft {
  const policy = retry.policy ?? 'standard';
  const start = { ...emptyRetry(), policy, ...waitsOf(policy) };
  const wait = (ms: number | undefined, otherwise: string) => (ms === undefined ? otherwise : formatWait(ms));
  const number = (value: number | undefined, otherwise: string) =>
    value === undefined ? otherwise : String(value);
  return {
    ...start,
    ...(retry.schedule_ms
      ? { retryKind: 'schedule', schedule: retry.schedule_ms.map(formatWait).join(', ') }
      : {
          retryKind: retry.initial_interval_ms === undefined ? start.retryKind : 'exponential',
          initialInterval: wait(retry.initial_interval_ms, start.initialInterval),
          multiplier: number(retry.multiplier, start.multiplier),
          maxInterval: wait(retry.max_interval_ms, start.maxInterval),
          maxAttempts: number(retry.max_attempts, start.maxAttempts),
        }),
    jitter: number(retry.jitter, start.jitter),
    permanentStatuses: retry.permanent_statuses?.join(', ') ?? start.permanentStatuses,
    maxRetryAfter: wait(retry.max_retry_after_ms, start.maxRetryAfter),
  };
}

/** The JSON of a draft; what goes without saying is left out. */
export function retryOf(draft: RetryDraft, reader: Reader): RetryPolicy {
  const statuses = reader.numbers('/config/retry/permanent_statuses', draft.permanentStatuses);
  const cap = reader.wait('/config/retry/max_retry_after_ms', draft.maxRetryAfter);
  return {
    ...(draft.policy === 'standard' ? {} : { policy: draft.policy }),
    ...waits(draft, reader),
    jitter: reader.number('/config/retry/jitter', draft.jitter),
    ...(statuses.join() === '415' ? {} : { permanent_statuses: statuses }),
    ...(cap === 86_400_000 ? {} : { max_retry_after_ms: cap }),
  };
}

function waits(draft: RetryDraft, reader: Reader): RetryPolicy {
  if (draft.retryKind === 'schedule') {
    const parsed = parseWaits(draft.schedule);
    if ('waits' in parsed) return { schedule_ms: parsed.waits };
    reader.fault('/config/retry/schedule_ms', `“${parsed.wrong}” is no time with its unit, such as 5s or 2h`);
    return { schedule_ms: [] };
  }
  return {
    initial_interval_ms: reader.wait('/config/retry/initial_interval_ms', draft.initialInterval),
    multiplier: reader.number('/config/retry/multiplier', draft.multiplier),
    max_interval_ms: reader.wait('/config/retry/max_interval_ms', draft.maxInterval),
    max_attempts: reader.number('/config/retry/max_attempts', draft.maxAttempts),
  };
}

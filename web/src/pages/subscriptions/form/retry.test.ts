import { expect, it } from 'vitest';
import type { RetryPolicy } from '$lib/api';
import { Reader } from './reader';
import { emptyRetry, retryDraft, retryOf, waitsOf } from './retry';

const written = (policy: RetryPolicy) => retryOf(retryDraft(policy), new Reader());

it.each<RetryPolicy>([
  { schedule_ms: [0, 5_000], jitter: 0.2 },
  { policy: 'knative', schedule_ms: [0], jitter: 0, permanent_statuses: [] },
  {
    policy: 'knative',
    initial_interval_ms: 200,
    multiplier: 2,
    max_interval_ms: 86_400_000,
    max_attempts: 11,
    jitter: 1,
    permanent_statuses: [400, 415],
    max_retry_after_ms: 60_000,
  },
])('a stored policy is written as it was read: %j', (policy) => {
  expect(written(policy)).toEqual(policy);
});

it('a policy by its name alone is shown with the waits that it has', () => {
  expect(written({ policy: 'knative' })).toMatchObject({
    policy: 'knative',
    initial_interval_ms: 200,
    jitter: 1,
  });
  expect(written({})).toEqual(retryOf(emptyRetry(), new Reader()));
});

it('another policy brings its own waits', () => {
  const draft = { ...emptyRetry(), policy: 'knative' as const, ...waitsOf('knative') };
  expect(retryOf(draft, new Reader())).toMatchObject({ max_attempts: 11, multiplier: 2 });
  expect({ ...draft, ...waitsOf('standard') }).toMatchObject({ retryKind: 'schedule', jitter: '0.2' });
});

it('what is no status is told at its member', () => {
  const reader = new Reader();
  retryOf({ ...emptyRetry(), permanentStatuses: '404, teapot' }, reader);
  expect(() => reader.finish()).toThrow('can’t be read');
});

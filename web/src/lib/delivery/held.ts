import type { Status } from '$lib/api';

/** What a delivery waits for that no clock tells, because its subscription holds it back; undefined if it is only a matter of time. */
export function heldUntil(status: Status | undefined): string | undefined {
  if (status === 'paused') return 'when the subscription is resumed';
  if (status === 'unverified') return 'when the sink has agreed to deliveries';
  return undefined;
}

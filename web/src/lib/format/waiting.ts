import type { Waiting } from '$lib/api';
import { count } from './number';
import { duration } from './time';

/** How many deliveries wait; a `+` where counting stopped. */
export function waitingCount({ count: counted, is_capped }: Waiting): string {
  return `${count(counted)}${is_capped ? '+' : ''}`;
}

/** How long the oldest waits. Where counting stopped, an older one may be among those not counted. */
export function oldestWaiting({ oldest_waiting_at, is_capped }: Waiting, now: number): string {
  if (!oldest_waiting_at) return '–';
  const waited = duration(Math.max(0, now - new Date(oldest_waiting_at).getTime()));
  return is_capped ? `at least ${waited}` : waited;
}

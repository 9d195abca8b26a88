import type { Delivery, Subscription } from '$lib/api';
import { counted } from '$lib/format';

/** Whether a subscription takes every event there is: it narrows by nothing, and is in force. */
export function takesEverything(
  subscription: Pick<Subscription, 'status' | 'source' | 'types' | 'filters'>,
): boolean {
  const { status, source, types, filters } = subscription;
  return status === 'active' && !source && types.length + filters.length === 0;
}

/** Why no subscription took an event of this type, as far as it can be known here, and what to do. */
export function missedHint(sent: string, subscribed: readonly string[]): string {
  if (subscribed.length > 0 && !subscribed.includes(sent))
    return `You subscribed to ${subscribed.join(', ')} and sent ${sent}: set the type in step 1 back, or subscribe to ${sent} in step 2.`;
  return 'The subscription may have been changed, disabled or deleted since: look at it, or subscribe again in step 2.';
}

/** How a delivery stands, in one sentence that changes only when its state does: it is read out. */
export function outcome({ state, attempt_count }: Pick<Delivery, 'state' | 'attempt_count'>): string {
  switch (state) {
    case 'pending':
      return attempt_count === 0
        ? 'It waits for its first attempt.'
        : `${counted(attempt_count, 'attempt')} failed: it is tried again by itself.`;
    case 'in_flight':
      return 'An attempt is under way.';
    case 'delivered':
      return `It was delivered after ${counted(attempt_count, 'attempt')}.`;
    case 'dead_lettered':
      return 'It was not delivered and is a dead letter. Mend what is said below, then send another.';
    case 'cancelled':
      return 'It was cancelled and will not be delivered. Send another.';
  }
}

import type { Subscription } from '$lib/api';

/** What a subscription is called: its description, or its sink without what is the same for most. */
export function subscriptionName(subscription: Pick<Subscription, 'description' | 'sink'>): string {
  return subscription.description || subscription.sink.replace(/^https?:\/\//, '');
}

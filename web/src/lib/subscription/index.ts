export { default as Clauses } from './Clauses.svelte';
export { knownSubscription } from './known.svelte';
export { subscriptionName } from './name';
export { default as SubscriptionName } from './SubscriptionName.svelte';
export { default as FilterSubscription } from './FilterSubscription.svelte';

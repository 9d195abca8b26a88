export { subscriptionName } from './name';
export { default as SubscriptionName } from './SubscriptionName.svelte';

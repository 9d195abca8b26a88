import type { Component } from 'svelte';
import type { RouteName, RouteParams } from '$lib/router';

type Paged = Exclude<RouteName, 'signIn'>;

/** Every page but sign-in, each a chunk of its own. A page gets its path's parameters as props. */
export const pages: { [Name in Paged]: () => Promise<{ default: Component<RouteParams<Name>> }> } = {
  overview: () => import('./overview/Overview.svelte'),
  firstMinute: () => import('./first-minute/FirstMinute.svelte'),
  events: () => import('./events/Events.svelte'),
  publish: () => import('./events/Publish.svelte'),
  event: () => import('./events/Event.svelte'),
  deliveries: () => import('./deliveries/Deliveries.svelte'),
  delivery: () => import('./deliveries/Delivery.svelte'),
  deadLetters: () => import('./dead-letters/DeadLetters.svelte'),
  subscriptions: () => import('./subscriptions/Subscriptions.svelte'),
  newSubscription: () => import('./subscriptions/NewSubscription.svelte'),
  subscription: () => import('./subscriptions/Subscription.svelte'),
  editSubscription: () => import('./subscriptions/EditSubscription.svelte'),
  jobs: () => import('./jobs/Jobs.svelte'),
  job: () => import('./jobs/Job.svelte'),
  tenants: () => import('./tenants/Tenants.svelte'),
  apiKeys: () => import('./api-keys/ApiKeys.svelte'),
  producers: () => import('./producers/Producers.svelte'),
};

/** Loads the code of a page. */
export async function loadPage(name: Paged): Promise<Component<Record<string, string>>> {
  // The router matched the path with the page's own pattern: the parameters are the ones the page asks for.
  return (await pages[name]()).default as Component<Record<string, string>>;
}

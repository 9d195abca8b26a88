import type { Scope } from '$lib/api';
import { href, type RouteName } from '$lib/router';
import type { IconName } from '$lib/ui';

/** A place in the navigation. */
export interface Destination {
  text: string;
  page:
    | 'overview'
    | 'events'
    | 'deliveries'
    | 'deadLetters'
    | 'subscriptions'
    | 'jobs'
    | 'tenants'
    | 'apiKeys'
    | 'producers';
  icon: IconName;
  /** The pages that stand under it. */
  pages: readonly RouteName[];
  /** The scope without which the page would only show an error. */
  scope: Scope;
  /** The key after `g` that goes there. */
  key: string;
}

/** The first group: what operators work with. */
export const work: readonly Destination[] = [
  {
    text: 'Overview',
    page: 'overview',
    icon: 'overview',
    pages: ['overview', 'firstMinute'],
    scope: 'deliveries:read',
    key: 'o',
  },
  {
    text: 'Events',
    page: 'events',
    icon: 'event',
    pages: ['events', 'event', 'publish'],
    scope: 'events:read',
    key: 'e',
  },
  {
    text: 'Deliveries',
    page: 'deliveries',
    icon: 'delivery',
    pages: ['deliveries', 'delivery'],
    scope: 'deliveries:read',
    key: 'd',
  },
  {
    text: 'Dead letters',
    page: 'deadLetters',
    icon: 'deadLetter',
    pages: ['deadLetters'],
    scope: 'deliveries:read',
    key: 'l',
  },
  {
    text: 'Subscriptions',
    page: 'subscriptions',
    icon: 'subscription',
    pages: ['subscriptions', 'newSubscription', 'subscription', 'editSubscription'],
    scope: 'subscriptions:read',
    key: 's',
  },
  {
    text: 'Jobs',
    page: 'jobs',
    icon: 'refresh',
    pages: ['jobs', 'job'],
    scope: 'deliveries:read',
    key: 'j',
  },
];

/** The second group: administration. */
export const administration: readonly Destination[] = [
  { text: 'Tenants', page: 'tenants', icon: 'tenant', pages: ['tenants'], scope: 'admin', key: 't' },
  { text: 'API keys', page: 'apiKeys', icon: 'key', pages: ['apiKeys'], scope: 'admin', key: 'k' },
  {
    text: 'Producers',
    page: 'producers',
    icon: 'producer',
    pages: ['producers'],
    scope: 'admin',
    key: 'p',
  },
];

/** The link to a destination, of the tenant that is shown or of another. */
export function linkTo(destination: Destination, tenant?: string): string {
  return href(destination.page, { tenant });
}

/** Where a page stands in the navigation; the overview for one that stands nowhere. */
export function destinationOf(page: RouteName | undefined): Destination {
  const found = [...work, ...administration].find(({ pages }) => page !== undefined && pages.includes(page));
  return found ?? (work[0] as Destination);
}

/** The link to the first place a credential may see; it may see none. */
export function homeOf(can: (scope: Scope) => boolean): string | undefined {
  const first = [...work, ...administration].find(({ scope }) => can(scope));
  if (first) return linkTo(first);
  // A producer's credential: it reads nothing, but it can try itself out.
  return can('events:write') ? href('publish') : undefined;
}

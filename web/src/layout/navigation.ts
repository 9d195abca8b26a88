import type { Scope } from '$lib/api';
import { href, type RouteName } from '$lib/router';
import type { IconName } from '$lib/ui';

/** A place in the navigation. */
export interface Destination {
  text: string;
  href: string;
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
    href: href('overview'),
    icon: 'overview',
    pages: ['overview', 'firstMinute'],
    scope: 'deliveries:read',
    key: 'o',
  },
  {
    text: 'Events',
    href: href('events'),
    icon: 'event',
    pages: ['events', 'event', 'publish'],
    scope: 'events:read',
    key: 'e',
  },
  {
    text: 'Deliveries',
    href: href('deliveries'),
    icon: 'delivery',
    pages: ['deliveries', 'delivery'],
    scope: 'deliveries:read',
    key: 'd',
  },
  {
    text: 'Dead letters',
    href: href('deadLetters'),
    icon: 'deadLetter',
    pages: ['deadLetters'],
    scope: 'deliveries:read',
    key: 'l',
  },
  {
    text: 'Subscriptions',
    href: href('subscriptions'),
    icon: 'subscription',
    pages: ['subscriptions', 'newSubscription', 'subscription', 'editSubscription'],
    scope: 'subscriptions:read',
    key: 's',
  },
];

/** The second group: administration. */
export const administration: readonly Destination[] = [
  { text: 'Tenants', href: href('tenants'), icon: 'tenant', pages: ['tenants'], scope: 'admin', key: 't' },
  { text: 'API keys', href: href('apiKeys'), icon: 'key', pages: ['apiKeys'], scope: 'admin', key: 'k' },
  {
    text: 'Producers',
    href: href('producers'),
    icon: 'producer',
    pages: ['producers'],
    scope: 'admin',
    key: 'p',
  },
];

/** Where a page stands in the navigation; the overview for one that stands nowhere. */
export function destinationOf(page: RouteName | undefined): Destination {
  const found = [...work, ...administration].find(({ pages }) => page !== undefined && pages.includes(page));
  return found ?? (work[0] as Destination);
}

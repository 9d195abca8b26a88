import type { Scope } from '$lib/api';

/** Every scope and what it allows, in the order they are offered. */
export const scopes: readonly { value: Scope; about: string }[] = [
  { value: 'events:write', about: 'Publish events.' },
  { value: 'events:read', about: 'Search and read events, their data included.' },
  { value: 'subscriptions:read', about: 'See subscriptions.' },
  { value: 'subscriptions:write', about: 'Create, change and delete subscriptions; see their secrets.' },
  { value: 'deliveries:read', about: 'See deliveries, attempts and dead letters.' },
  { value: 'deliveries:write', about: 'Redeliver, cancel, redrive and purge.' },
  { value: 'admin', about: 'Everything, tenants, API keys and producers included.' },
];

/** For how long a key can be made to work. */
export const lifetimes = [
  { value: '', text: 'Never' },
  { value: '30', text: 'In 30 days' },
  { value: '90', text: 'In 90 days' },
  { value: '365', text: 'In a year' },
] as const;

/** When a key of so many days ends; nothing if it never does. */
export function endOf(days: string, now: number): string | undefined {
  return days === '' ? undefined : new Date(now + Number(days) * 86_400_000).toISOString();
}

/** Whether a key has ended or is about to within a week. */
export function ending(expiresAt: string | undefined, now: number): 'ended' | 'soon' | undefined {
  if (expiresAt === undefined) return undefined;
  const left = new Date(expiresAt).getTime() - now;
  return left <= 0 ? 'ended' : left < 7 * 86_400_000 ? 'soon' : undefined;
}

// Things that stand around when a page is looked at.

import { expect } from 'vitest';
import type { Waypost } from './waypost.ts';

/** One attempt, and then a dead letter: no breaker keeps the next one back. */
export const onceOnly = { config: { retry: { schedule_ms: [0] }, breaker: { is_enabled: false } } };

/** Posts so many events and waits until each is a dead letter. */
export async function deadLetters(waypost: Waypost, count: number): Promise<void> {
  for (let number = 1; number <= count; number++) {
    await waypost.post({ id: `order-${number}`, data: { total: number } });
  }
  await deadLettersAre(waypost, count);
}

/** Waits until there are exactly so many dead letters. */
export async function deadLettersAre(waypost: Waypost, count: number): Promise<void> {
  const dead = () => waypost.call<{ data: unknown[] }>('GET', '/v1/dead-letters?limit=250');
  await expect.poll(async () => (await dead()).data.length, { timeout: 20_000 }).toBe(count);
}

/** Every page by its name, once there is something on it. */
export async function pages(
  waypost: Waypost,
  healthy: string,
  failing: string,
): Promise<Record<string, string>> {
  const good = await waypost.subscribe(healthy, {
    description: 'orders to the shop',
    types: ['com.example.order.created'],
  });
  await waypost.subscribe(failing, {
    description: 'invoices to the books',
    config: { retry: { schedule_ms: [0, 60_000] } },
  });
  await waypost.subscribe(failing, { description: 'alerts to the pager', ...onceOnly });
  await waypost.call('POST', '/v1/tenants', { name: 'acme', description: 'a customer' });
  await waypost.call('POST', '/v1/producers', { name: 'payments' });
  await waypost.call('POST', '/v1/api-keys', { name: 'orders service', scopes: ['events:write'] });
  const event = await waypost.post({
    id: 'order-1',
    data: { order: { total: 12.5, currency: 'EUR', lines: [1, 2] } },
  });
  for (let number = 2; number <= 8; number++) await waypost.post({ id: `order-${number}`, data: { number } });
  const rows = () => waypost.call<{ data: { id: string }[] }>('GET', '/v1/dead-letters');
  await expect.poll(async () => (await rows()).data.length, { timeout: 20_000 }).toBe(8);
  const stats = () => waypost.call<{ delivered_count: number }>('GET', '/v1/stats');
  await expect.poll(async () => (await stats()).delivered_count, { timeout: 20_000 }).toBe(8);
  const dead = (await rows()).data[0]?.id ?? '';
  const after = new Date(Date.now() - 3_600_000).toISOString();
  const replay = await waypost.call<{ id: string }>('POST', `/v1/subscriptions/${good}/replay`, { after });
  const job = () => waypost.call<{ state: string }>('GET', `/v1/jobs/${replay.id}`);
  await expect.poll(async () => (await job()).state, { timeout: 20_000 }).toBe('completed');
  return {
    overview: '/#/?window=1h',
    'first-minute': '/#/first-minute',
    events: '/#/events',
    'events-live': '/#/events?live=yes',
    event: `/#/events/${event}`,
    'event-explained': `/#/events/${event}?why=yes`,
    publish: '/#/events/publish',
    deliveries: '/#/deliveries',
    delivery: `/#/deliveries/${dead}`,
    'dead-letters': '/#/dead-letters',
    subscriptions: '/#/subscriptions',
    subscription: `/#/subscriptions/${good}`,
    'subscription-new': '/#/subscriptions/new',
    'subscription-edit': `/#/subscriptions/${good}/edit`,
    jobs: '/#/jobs',
    job: `/#/jobs/${replay.id}`,
    tenants: '/#/tenants',
    'api-keys': '/#/api-keys',
    producers: '/#/producers',
    'not-found': '/#/nowhere',
  };
}

import type { Delivery, DeliveryState, DeadReason, ErrorClass, Status, VerdictKind } from '$lib/api';
import type { Tone } from './Badge.svelte';
import type { IconName } from './icons';

/** How a state is shown. */
export interface Shown {
  text: string;
  tone: Tone;
  icon: IconName;
}

/** Every delivery state, in the order of its life. */
export const deliveryStates: Record<DeliveryState, Shown> = {
  pending: { text: 'Pending', tone: 'info', icon: 'clock' },
  in_flight: { text: 'In flight', tone: 'info', icon: 'send' },
  delivered: { text: 'Delivered', tone: 'good', icon: 'check' },
  dead_lettered: { text: 'Dead letter', tone: 'bad', icon: 'deadLetter' },
  cancelled: { text: 'Cancelled', tone: 'neutral', icon: 'ban' },
};

/** A delivery's state; a pending one that has failed before is a retry. */
export function shownDelivery(delivery: Pick<Delivery, 'state' | 'attempt_count'>): Shown {
  const isRetry = delivery.state === 'pending' && delivery.attempt_count > 0;
  return isRetry ? { text: 'Retrying', tone: 'warn', icon: 'refresh' } : deliveryStates[delivery.state];
}

/** Every status of a subscription. */
export const subscriptionStatuses: Record<Status, Shown> = {
  active: { text: 'Active', tone: 'good', icon: 'check' },
  paused: { text: 'Paused', tone: 'warn', icon: 'pause' },
  disabled: { text: 'Disabled', tone: 'bad', icon: 'ban' },
  unverified: { text: 'Unverified', tone: 'info', icon: 'circle' },
};

/** Every verdict on an attempt. */
export const verdicts: Record<VerdictKind, Shown> = {
  delivered: { text: 'Delivered', tone: 'good', icon: 'check' },
  retry: { text: 'Retry', tone: 'warn', icon: 'refresh' },
  dead: { text: 'Dead letter', tone: 'bad', icon: 'deadLetter' },
  gone: { text: 'Gone', tone: 'bad', icon: 'ban' },
};

/** Why a delivery is a dead letter, as a short name and a sentence. */
export const deadReasons: Record<DeadReason, { text: string; hint: string }> = {
  exhausted: { text: 'Attempts used up', hint: 'Every attempt of its retry policy failed.' },
  gone: { text: 'Gone', hint: 'The sink answered 410 Gone, which disabled the subscription.' },
  disabled: {
    text: 'Subscription disabled',
    hint: 'The subscription was disabled or deleted before it was delivered.',
  },
  permanent: {
    text: 'Never deliverable',
    hint: 'Another attempt can’t mend it: the endpoint refused the event for good, or no request can be made of it.',
  },
  expired: { text: 'Expired', hint: 'The event’s expirytime passed before it could be delivered.' },
};

/** Why an attempt failed, with what to look at. */
export const errorClasses: Record<ErrorClass, { text: string; hint: string }> = {
  dns: {
    text: 'Name not found',
    hint: 'The sink’s host name has no address. Check its spelling and its DNS records.',
  },
  blocked: {
    text: 'Address not allowed',
    hint: 'The sink’s address is one Waypost must not reach. An operator can allow it in the configuration.',
  },
  connect: {
    text: 'No connection',
    hint: 'Nothing accepted the connection. Is the endpoint running, and its port open?',
  },
  tls: {
    text: 'TLS failed',
    hint: 'The certificate or the handshake was refused. Check its chain, its names and its expiry.',
  },
  timeout: {
    text: 'Timed out',
    hint: 'The exchange took longer than the time limit. Answer first and work afterwards, or raise timeout_ms.',
  },
  protocol: {
    text: 'Not HTTP',
    hint: 'What answered does not speak HTTP as it should, or the connection broke off.',
  },
  redirect: {
    text: 'Redirected',
    hint: 'Redirects are not followed. Set the sink to the address it points to.',
  },
  client: {
    text: 'Refused (4xx)',
    hint: 'The endpoint refused the request. Its answer below usually says why.',
  },
  server: {
    text: 'Endpoint failed (5xx)',
    hint: 'The endpoint failed to handle it. Look at its own log at this time.',
  },
  request: {
    text: 'Not sendable',
    hint: 'The request could not be built. Check the subscription’s sink, headers and credential.',
  },
};

import type { Status, Subscription, SubscriptionStats } from '$lib/api';
import { percent } from '$lib/format';
import type { Shown } from '$lib/ui/states';

/** How a subscription does, in a word; nothing where nothing is known. */
export function health(stats: SubscriptionStats | undefined): Shown | undefined {
  if (typeof stats?.success_rate !== 'number') return undefined;
  const text = percent(stats.success_rate);
  if (stats.success_rate >= 0.99) return { text: `Healthy, ${text}`, tone: 'good', icon: 'check' };
  if (stats.success_rate >= 0.9) return { text: `Wavering, ${text}`, tone: 'warn', icon: 'alert' };
  return { text: `Failing, ${text}`, tone: 'bad', icon: 'alert' };
}

/** How many subscriptions the list of the worst names at most. */
export const worstLimit = 250;

/** What is said of a subscription that a list of the worst does not name: only a list that is not full names everyone with attempts. */
export function silenceOf(listed: number | undefined): string {
  return listed !== undefined && listed < worstLimit ? 'no attempts' : '–';
}

/** What a status means and what gets a subscription out of it; nothing to say of an active one. */
const statusHints: Record<Status, string | undefined> = {
  active: undefined,
  paused: 'Its deliveries are collected and held back. They flow when it is resumed.',
  disabled:
    'It gets no events any more. Resume it once the sink takes events again; what it missed can be replayed.',
  unverified:
    'It gets no events until its sink agrees to deliveries from here. Have the sink answer the CloudEvents webhook handshake (OPTIONS with WebHook-Allowed-Origin), then verify it.',
};

/** Why the server disabled a subscription. */
const disabledReasons: Record<NonNullable<Subscription['disabled_reason']>, string> = {
  gone: 'Its sink answered 410 Gone.',
  failing: 'Its sink failed for days without a single success.',
};

/** What is to be said of a subscription that does not simply deliver; nothing of one that does. */
export function hintOf(
  subscription: Pick<Subscription, 'status' | 'disabled_reason' | 'health'>,
): string | undefined {
  const { status, disabled_reason: reason, health } = subscription;
  if (status !== 'active')
    return [reason && disabledReasons[reason], statusHints[status]].filter(Boolean).join(' ');
  if (health?.state === 'open' || health?.state === 'half_open') {
    const error = health.last_error ?? (health.last_status ? `it answered ${health.last_status}` : undefined);
    return `Its sink fails${error ? ` (${error})` : ''}, so it is left alone for a while. Deliveries wait, and a few try it now and then.`;
  }
  return undefined;
}

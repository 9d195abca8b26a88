import type { Status, SubscriptionStats } from '$lib/api';
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
export const statusHints: Record<Status, string | undefined> = {
  active: undefined,
  paused: 'Its deliveries are collected and held back. They flow when it is resumed.',
  disabled:
    'Its sink answered 410 Gone, so it gets no events any more. Resume it once the sink takes events again; what it missed is not made up for.',
  unverified:
    'It gets no events until its sink agrees to deliveries from here. Have the sink answer the CloudEvents webhook handshake (OPTIONS with WebHook-Allowed-Origin), then verify it.',
};

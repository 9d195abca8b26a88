import type { Job, JobFailure, JobProgress, JobState, ReplayOnly } from '$lib/api';
import { count, counted } from '$lib/format';
import type { Shown } from '$lib/ui/states';

/** Every state of a job. */
export const jobStates: Record<JobState, Shown> = {
  running: { text: 'Running', tone: 'info', icon: 'play' },
  paused: { text: 'Paused', tone: 'warn', icon: 'pause' },
  completed: { text: 'Completed', tone: 'good', icon: 'check' },
  cancelled: { text: 'Cancelled', tone: 'neutral', icon: 'ban' },
  failed: { text: 'Failed', tone: 'bad', icon: 'alert' },
};

/** Why a job ended before its end, and what to do. */
export const jobFailures: Record<JobFailure, string> = {
  subscription_deleted: 'Its subscription was deleted.',
  subscription_disabled:
    'Its subscription was disabled: nothing is delivered to it. Resume it, then replay what is left.',
  subscription_unverified:
    'Its sink has not agreed to deliveries. Verify the subscription, then replay what is left.',
};

/** Which events a replay brings. */
export const choices: Record<ReplayOnly, { text: string; hint: string }> = {
  missing: { text: 'What it never got', hint: 'Events that match and have no delivery to it.' },
  failed: { text: 'What failed', hint: 'Deliveries that are dead letters or were cancelled.' },
  all: {
    text: 'Everything',
    hint: 'Also what was delivered. Its webhook-id stays, so that a receiver can tell that it had it.',
  },
};

/** Whether something may still happen to a job. */
export function isOpen({ state }: Pick<Job, 'state'>): boolean {
  return state === 'running' || state === 'paused';
}

/** How far between its two moments a job is, 0 to 1: how many events lie there nobody knows before they were looked at. */
export function shareOf({
  state,
  parameters,
  progress,
}: Pick<Job, 'state' | 'parameters' | 'progress'>): number {
  if (state === 'completed') return 1;
  const [from, to] = [Date.parse(parameters.after), Date.parse(parameters.before)];
  const at = Date.parse(progress.position_at ?? parameters.after);
  return to <= from ? 0 : Math.min(1, Math.max(0, (at - from) / (to - from)));
}

/** How many deliveries it opened. */
export function openedBy({ created, reopened }: JobProgress): number {
  return created + reopened;
}

const skips: readonly [name: keyof JobProgress['skipped'], text: string][] = [
  ['other_type', 'of another type than asked for'],
  ['not_matching', 'not matched by the subscription'],
  ['filter_failed', 'a filter could not be asked of them'],
  ['open', 'on their way already'],
  ['delivered', 'delivered before'],
  ['failed', 'failed before'],
  ['missing', 'never got'],
  ['expired', 'gone meanwhile'],
];

/** The events that were left alone, by the reason; reasons without any are left out. */
export function skipped(progress: JobProgress): { text: string; count: number }[] {
  return skips
    .map(([name, text]) => ({ text, count: progress.skipped[name] ?? 0 }))
    .filter(({ count }) => count > 0);
}

/** What it did, or would do, in a line. */
export function summaryOf(progress: JobProgress): string {
  const looked = `${counted(progress.looked_at, 'event')} looked at`;
  return `${looked}, ${count(openedBy(progress))} to deliver`;
}

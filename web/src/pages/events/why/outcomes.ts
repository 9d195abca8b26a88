import type { Summary, Outcome } from '$lib/api';
import type { Shown } from '$lib/ui/states';

/** Every outcome of an event at a subscription, what was delivered first. */
export const outcomes: Record<Outcome, Shown> = {
  matched: { text: 'Matched', tone: 'good', icon: 'check' },
  paused: { text: 'Matched while paused', tone: 'warn', icon: 'pause' },
  expired: { text: 'Expired', tone: 'bad', icon: 'clock' },
  not_matched: { text: 'Not matched', tone: 'neutral', icon: 'circle' },
  fault: { text: 'Filter failed', tone: 'bad', icon: 'alert' },
  disabled: { text: 'Was disabled', tone: 'bad', icon: 'ban' },
  unverified: { text: 'Was unverified', tone: 'info', icon: 'circle' },
  created_after: { text: 'Created later', tone: 'neutral', icon: 'clock' },
  deleted: { text: 'Was deleted', tone: 'neutral', icon: 'trash' },
  unknown: { text: 'Not known any more', tone: 'neutral', icon: 'circle' },
};

/** The outcomes that are counted, in their order; those that nothing had are left out. */
export function counts(summary: Summary): { outcome: Outcome; count: number }[] {
  return (Object.keys(outcomes) as Outcome[])
    .map((outcome) => ({ outcome, count: summary[outcome as keyof Summary] }))
    .filter((each): each is { outcome: Outcome; count: number } => typeof each.count === 'number')
    .filter(({ count }) => count > 0);
}

/** The outcomes that a list can be narrowed to: what the summary counts. */
export const searchable = (Object.keys(outcomes) as Outcome[]).filter(
  (outcome) => !['created_after', 'deleted', 'unknown'].includes(outcome),
);

/** A filter of the address; one that does not exist filters nothing. */
export function outcomeOf(text: string | undefined): Outcome | undefined {
  return searchable.find((outcome) => outcome === text);
}

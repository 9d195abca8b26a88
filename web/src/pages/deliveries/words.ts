import { counted } from '$lib/format';

/** What can be done to many deliveries. */
export type Verb = 'redeliver' | 'cancel';

/** How it is spoken of. */
export const words = {
  redeliver: {
    name: 'Redeliver',
    done: 'Opened again',
    what: 'finished',
    effect:
      'Each is sent again with a fresh attempt budget; receivers can tell by webhook-id that they had it.',
    none: 'Only finished deliveries whose subscription still takes events can be redelivered.',
    passedOver: 'the subscription is disabled or deleted, or the delivery was opened again already',
  },
  cancel: {
    name: 'Cancel',
    done: 'Cancelled',
    what: 'unfinished',
    effect: 'They will not be tried again by themselves. An attempt under way may still reach its sink.',
    none: 'Only deliveries that are pending or in flight can be cancelled.',
    passedOver: 'finished meanwhile',
  },
} as const;

/** So many deliveries. */
export const deliveries = (value: number): string => counted(value, 'delivery', 'deliveries');

/** To how many it was done, and whether that were all. */
export interface Came {
  count: number;
  isWhole: boolean;
}

/** What came of a bulk action: a count below the one that was agreed to says how many were passed over, and why. */
export function cameOf(verb: Verb, agreed: number, came: Came): string {
  const { done, passedOver } = words[verb];
  const missing = agreed - came.count;
  return [
    `${done}: ${deliveries(came.count)}`,
    ...(missing > 0 ? [`${deliveries(missing)} passed over: ${passedOver}`] : []),
    ...(came.isWhole ? [] : ['there are more, do it again for them']),
  ].join('; ');
}

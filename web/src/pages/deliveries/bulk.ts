import { api, body, type Delivery } from '$lib/api';
import { confirm } from '$lib/dialog';
import { count, counted } from '$lib/format';
import { session } from '$lib/session';
import { act, toasts } from '$lib/toast';
import { bulkQuery, isEverything, type DeliveryFilter } from './filter';
import { each } from './each';

/** What can be done to many deliveries. */
export type Verb = 'redeliver' | 'cancel';

const words = {
  redeliver: {
    name: 'Redeliver',
    done: 'Opened again',
    what: 'finished',
    effect:
      'Each is sent again with a fresh attempt budget; receivers can tell by webhook-id that they had it.',
    none: 'Only finished deliveries whose subscription still takes events can be redelivered.',
  },
  cancel: {
    name: 'Cancel',
    done: 'Cancelled',
    what: 'unfinished',
    effect: 'They will not be tried again by themselves. An attempt under way may still reach its sink.',
    none: 'Only deliveries that are pending or in flight can be cancelled.',
  },
} as const;

const deliveries = (value: number) => counted(value, 'delivery', 'deliveries');

/** Does it to the marked deliveries one by one, and says how many it worked for; whether anything was changed. */
export async function doToMarked(verb: Verb, rows: readonly Delivery[]): Promise<boolean> {
  const { name, done } = words[verb];
  const tally = await each(rows, ({ id }) =>
    verb === 'redeliver'
      ? api.POST('/v1/deliveries/{id}/redeliver', { params: { path: { id } } })
      : api.POST('/v1/deliveries/{id}/cancel', { params: { path: { id } } }),
  );
  if (tally.done > 0) toasts.done(`${done}: ${deliveries(tally.done)}`);
  const [first] = tally.failed;
  if (first) toasts.failed(`${name} failed for ${deliveries(tally.failed.length)}`, first);
  return tally.done > 0;
}

/** Counts what a filter means, asks, does it, and says what came of it; whether anything was changed. */
export async function doToMatching(verb: Verb, filter: DeliveryFilter): Promise<boolean> {
  const { name, done, what, effect, none } = words[verb];
  const { situation } = session;
  const call = (isDryRun: boolean) =>
    body(api.POST(`/v1/deliveries/${verb}`, { params: { query: bulkQuery(filter, isDryRun) } }));
  const preview = await call(true).catch((error: unknown) => {
    toasts.failed(`${name} failed`, error);
  });
  // What was counted for one tenant is not asked, and so not done, in another.
  if (!preview || session.situation !== situation) return false;
  if (preview.count === 0) {
    toasts.done('Nothing to do', none);
    return false;
  }
  const which = isEverything(filter) ? 'of this tenant' : 'that match the filters';
  const isAgreed = await confirm({
    title: `${name} ${deliveries(preview.count)}?`,
    body: preview.has_more
      ? `The newest ${count(preview.count)} ${what} deliveries ${which}, which is the most in one go; there are more. ${effect}`
      : `These are all ${what} deliveries ${which}. ${effect}`,
    action: `${name} ${deliveries(preview.count)}`,
    isDangerous: verb === 'cancel',
  });
  if (!isAgreed) return false;
  const result = await act(
    name,
    () => call(false),
    (came) =>
      `${done}: ${deliveries(came.count)}${came.has_more ? '; there are more, do it again for them' : ''}`,
  );
  return result !== undefined && result.count > 0;
}

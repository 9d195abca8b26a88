import { api, body, type Delivery } from '$lib/api';
import { confirm } from '$lib/dialog';
import { session } from '$lib/session';
import { act, toasts } from '$lib/toast';
import { bulkQuery, isEverything, type DeliveryFilter } from './filter';
import { each } from './each';
import { cameOf, deliveries, words, type Came, type Verb } from './words';

/** Asks before it cancels, does it to the marked deliveries one by one, and says how many it worked for; whether anything was changed. */
export async function doToMarked(verb: Verb, rows: readonly Delivery[]): Promise<boolean> {
  const { name, done, effect } = words[verb];
  if (verb === 'cancel') {
    const title = `${name} ${deliveries(rows.length)}`;
    const body = `${effect} They can be redelivered later.`;
    if (!(await confirm({ title: `${title}?`, body, action: title, isDangerous: true }))) return false;
  }
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
  const { name, what, effect, none } = words[verb];
  const { situation } = session;
  const preview = await throughAll(verb, filter, true).catch((error: unknown) => {
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
    body: preview.isWhole
      ? `These are all ${what} deliveries ${which}. ${effect}`
      : `These are the newest of the ${what} deliveries ${which}; there are more. ${effect}`,
    action: `${name} ${deliveries(preview.count)}`,
    isDangerous: verb === 'cancel',
  });
  if (!isAgreed) return false;
  const result = await act(
    name,
    () => throughAll(verb, filter, false),
    (came) => cameOf(verb, preview.count, came),
  );
  return result !== undefined && result.count > 0;
}

/** Calls in a row: what one call leaves, the next goes on with. */
const maxCalls = 20;

/** Does it, or counts, call after call, each from where the one before stopped. */
async function throughAll(verb: Verb, filter: DeliveryFilter, isDryRun: boolean): Promise<Came> {
  let count = 0;
  let cursor: string | undefined;
  for (let calls = 0; calls < maxCalls; calls++) {
    const query = { ...bulkQuery(filter, isDryRun), cursor };
    const came = await body(api.POST(`/v1/deliveries/${verb}`, { params: { query } }));
    count += came.count;
    if (came.next === null) return { count, isWhole: true };
    cursor = came.next;
  }
  return { count, isWhole: false };
}

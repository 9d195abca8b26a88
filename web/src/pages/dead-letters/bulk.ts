import { api, body } from '$lib/api';
import { confirm } from '$lib/dialog';
import { counted } from '$lib/format';
import { session } from '$lib/session';
import { act, toasts } from '$lib/toast';
import type { DeadLetterFilter } from './filter';

const deadLetters = (value: number) => counted(value, 'dead letter');

/** Previews how many can be redriven, asks, redrives, says what came of it; whether anything was changed. */
export async function redrive(filter: DeadLetterFilter, name: string, known: number): Promise<boolean> {
  const call = (dry_run: boolean) =>
    body(api.POST('/v1/dead-letters/redrive', { params: { query: { ...filter, dry_run } } }));
  const preview = await previewed('Redrive', () => call(true));
  if (preview === undefined) return false;
  if (preview === 0) {
    toasts.done(
      'Nothing to redrive',
      'Dead letters of a disabled or deleted subscription stay where they are.',
    );
    return false;
  }
  const passedOver =
    known > preview
      ? ` ${deadLetters(known - preview)} of a disabled or deleted subscription will be passed over.`
      : '';
  const isAgreed = await confirm({
    title: `Redrive ${deadLetters(preview)}?`,
    body: `${name}: ${deadLetters(preview)}, oldest first, are tried again at once, each with a fresh attempt budget.${passedOver}`,
    action: `Redrive ${deadLetters(preview)}`,
  });
  if (!isAgreed) return false;
  const result = await act(
    'Redrive',
    () => call(false),
    ({ count }) => `Redriven: ${deadLetters(count)}`,
  );
  return result !== undefined;
}

/** Previews how many would be deleted, asks for a typed word, deletes, says what came of it; whether anything was changed. */
export async function purge(filter: DeadLetterFilter, name: string): Promise<boolean> {
  const all = Object.keys(filter).length === 0 ? { all: true } : {};
  const call = (dry_run: boolean) =>
    body(api.DELETE('/v1/dead-letters', { params: { query: { ...filter, ...all, dry_run } } }));
  const preview = await previewed('Purge', () => call(true));
  if (preview === undefined) return false;
  if (preview === 0) {
    toasts.done('Nothing to purge', 'No dead letter matches any more.');
    return false;
  }
  const isAgreed = await confirm({
    title: `Purge ${deadLetters(preview)}?`,
    body: `${name}: ${deadLetters(preview)} are deleted with all their attempts. This can’t be taken back; their events stay.`,
    action: `Purge ${deadLetters(preview)}`,
    isDangerous: true,
    typed: 'purge',
  });
  if (!isAgreed) return false;
  const result = await act(
    'Purge',
    () => call(false),
    ({ count }) => `Purged: ${deadLetters(count)}`,
  );
  return result !== undefined;
}

/** How many there are; nothing after an error, or when another tenant is shown by now: its dead letters were not counted. */
async function previewed(name: string, call: () => Promise<{ count: number }>): Promise<number | undefined> {
  const { situation } = session;
  try {
    const { count } = await call();
    return session.situation === situation ? count : undefined;
  } catch (error) {
    toasts.failed(`${name} failed`, error);
    return undefined;
  }
}

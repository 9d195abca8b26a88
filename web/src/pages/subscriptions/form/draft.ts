import type { ContentMode, RetryPolicy, Subscription } from '$lib/api';
import { filtersText } from './dialects';
import { formatWait } from './wait';

/** A name and a value being edited; `id` keeps its row when others go. */
export interface Pair {
  id: number;
  name: string;
  value: string;
}

/** What is to become of the credential: stay as stored, go, or be one of two kinds. */
export type CredentialKind = 'keep' | 'none' | 'PLAIN' | 'ACCESSTOKEN';

/** A subscription while a person edits it: everything is text until it is sent. */
export interface Draft {
  sink: string;
  description: string;
  /** One type a line. */
  types: string;
  source: string;
  filters: string;
  contentMode: ContentMode;
  method: 'POST' | 'PUT';
  timeout: string;
  retryKind: 'schedule' | 'exponential';
  schedule: string;
  initialInterval: string;
  multiplier: string;
  maxInterval: string;
  maxAttempts: string;
  jitter: string;
  hasRateLimit: boolean;
  perSecond: string;
  burst: string;
  maxConcurrency: string;
  /** What the API knows of the delivery policy and this form does not show: it goes back as it came. */
  others: { config: Partial<Subscription['config']>; retry: Partial<RetryPolicy> };
  headers: Pair[];
  metadata: Pair[];
  credential: CredentialKind;
  identifier: string;
  secret: string;
  accessToken: string;
}

let last = 0;

/** A row for a name and a value. */
export function pair(name = '', value = ''): Pair {
  last += 1;
  return { id: last, name, value };
}

/** What a new subscription starts from: the API's own defaults, written out so that they can be read and changed. */
export function emptyDraft(): Draft {
  return {
    sink: '',
    description: '',
    types: '',
    source: '',
    filters: '',
    contentMode: 'structured',
    method: 'POST',
    timeout: '15s',
    retryKind: 'schedule',
    schedule: '0, 5s, 5m, 30m, 2h, 5h, 10h, 14h, 20h, 24h',
    initialInterval: '5s',
    multiplier: '3',
    maxInterval: '24h',
    maxAttempts: '10',
    jitter: '0.2',
    hasRateLimit: false,
    perSecond: '50',
    burst: '100',
    maxConcurrency: '16',
    others: { config: {}, retry: {} },
    headers: [],
    metadata: [],
    credential: 'none',
    identifier: '',
    secret: '',
    accessToken: '',
  };
}

/** A stored subscription as a draft. Its credential is never shown, so it is kept unless another is written. */
export function draftOf(subscription: Subscription): Draft {
  const { config, protocolsettings } = subscription;
  const start = emptyDraft();
  return {
    ...start,
    sink: subscription.sink,
    description: subscription.description ?? '',
    types: subscription.types.join('\n'),
    source: subscription.source ?? '',
    filters: filtersText(subscription.filters),
    contentMode: config.content_mode ?? start.contentMode,
    method: protocolsettings.method === 'PUT' ? 'PUT' : 'POST',
    timeout: config.timeout_ms === undefined ? start.timeout : formatWait(config.timeout_ms),
    ...retryDraft(config.retry, start),
    hasRateLimit: Boolean(config.rate_limit),
    perSecond: String(config.rate_limit?.per_second ?? start.perSecond),
    burst: String(config.rate_limit?.burst ?? start.burst),
    maxConcurrency: String(config.max_concurrency ?? start.maxConcurrency),
    others: { config, retry: othersOf(config.retry) },
    headers: pairs(protocolsettings.headers),
    metadata: pairs(subscription.metadata),
    credential: subscription.sinkcredential ? 'keep' : 'none',
  };
}

function retryDraft(retry: RetryPolicy | undefined, start: Draft): Partial<Draft> {
  if (retry === undefined) return {};
  const jitter = String(retry.jitter ?? start.jitter);
  if (retry.schedule_ms !== undefined)
    return { retryKind: 'schedule', schedule: retry.schedule_ms.map(formatWait).join(', '), jitter };
  const wait = (ms: number | undefined, otherwise: string) => (ms === undefined ? otherwise : formatWait(ms));
  return {
    retryKind: 'exponential',
    initialInterval: wait(retry.initial_interval_ms, start.initialInterval),
    multiplier: String(retry.multiplier ?? start.multiplier),
    maxInterval: wait(retry.max_interval_ms, start.maxInterval),
    maxAttempts: String(retry.max_attempts ?? start.maxAttempts),
    jitter,
  };
}

/** What of a retry policy is neither a schedule nor a back-off. */
function othersOf(retry: RetryPolicy | undefined): Partial<RetryPolicy> {
  const shown = [
    'schedule_ms',
    'initial_interval_ms',
    'multiplier',
    'max_interval_ms',
    'jitter',
    'max_attempts',
  ];
  return Object.fromEntries(Object.entries(retry ?? {}).filter(([name]) => !shown.includes(name)));
}

function pairs(record: Record<string, string> | undefined): Pair[] {
  return Object.entries(record ?? {}).map(([name, value]) => pair(name, value));
}

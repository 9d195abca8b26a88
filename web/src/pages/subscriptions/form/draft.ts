import type { ContentMode, EventFormat, HandshakePolicy, HeaderEncoding, Subscription } from '$lib/api';
import { filtersText } from './dialects';
import { signatureDraft, type SignatureDraft } from './signature';
import { emptyRetry, retryDraft, type RetryDraft } from './retry';
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
export interface Draft extends RetryDraft, SignatureDraft {
  sink: string;
  description: string;
  /** One type a line. */
  types: string;
  source: string;
  filters: string;
  contentMode: ContentMode;
  format: EventFormat;
  headerEncoding: HeaderEncoding;
  /** Empty: as the installation is set up. */
  handshake: HandshakePolicy | '';
  deadLetterSink: string;
  method: 'POST' | 'PUT';
  timeout: string;
  hasRateLimit: boolean;
  perSecond: string;
  burst: string;
  maxConcurrency: string;
  /** What the API knows of the delivery policy and this form does not show: it goes back as it came. */
  others: Partial<Subscription['config']>;
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
    format: 'json',
    headerEncoding: 'spec',
    handshake: '',
    deadLetterSink: '',
    ...signatureDraft(undefined),
    method: 'POST',
    timeout: '15s',
    ...emptyRetry(),
    hasRateLimit: false,
    perSecond: '50',
    burst: '100',
    maxConcurrency: '16',
    others: {},
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
    format: config.format ?? start.format,
    headerEncoding: config.header_encoding ?? start.headerEncoding,
    handshake: config.handshake ?? '',
    deadLetterSink: config.dead_letter_sink ?? '',
    ...signatureDraft(config.signature),
    method: protocolsettings.method === 'PUT' ? 'PUT' : 'POST',
    timeout: config.timeout_ms === undefined ? start.timeout : formatWait(config.timeout_ms),
    ...retryDraft(config.retry),
    hasRateLimit: Boolean(config.rate_limit),
    perSecond: String(config.rate_limit?.per_second ?? start.perSecond),
    burst: String(config.rate_limit?.burst ?? start.burst),
    maxConcurrency: String(config.max_concurrency ?? start.maxConcurrency),
    others: othersOf(config),
    headers: pairs(protocolsettings.headers),
    metadata: pairs(subscription.metadata),
    credential: subscription.sinkcredential ? 'keep' : 'none',
  };
}

/** What is left out where it is empty must not come back from what was stored. */
function othersOf(config: Partial<Subscription['config']>): Partial<Subscription['config']> {
  const others = { ...config };
  delete others.handshake;
  delete others.dead_letter_sink;
  return others;
}

function pairs(record: Record<string, string> | undefined): Pair[] {
  return Object.entries(record ?? {}).map(([name, value]) => pair(name, value));
}

import type { Subscription, SubscriptionSpec } from '$lib/api';
import { parseFilters } from './dialects';
import type { Draft } from './draft';
import { Reader } from './reader';
import { retryOf } from './retry';
import { signatureOf } from './signature';

/** The JSON of a draft. What can't be read throws as if the API had refused it, each fault at its member. */
export function specOf(draft: Draft): SubscriptionSpec {
  const reader = new Reader();
  const spec: SubscriptionSpec = {
    sink: draft.sink.trim(),
    protocol: 'HTTP',
    types: lines(draft.types),
    filters: filters(draft, reader),
    protocolsettings: {
      headers: reader.pairs('/protocolsettings/headers', draft.headers),
      ...(draft.method === 'PUT' ? { method: 'PUT' } : {}),
    },
    metadata: reader.pairs('/metadata', draft.metadata),
    config: {
      ...draft.others,
      content_mode: draft.contentMode,
      format: draft.format,
      header_encoding: draft.headerEncoding,
      signature: signatureOf(draft),
      ...(draft.handshake === '' ? {} : { handshake: draft.handshake }),
      ...(draft.deadLetterSink.trim() === '' ? {} : { dead_letter_sink: draft.deadLetterSink.trim() }),
      timeout_ms: reader.wait('/config/timeout_ms', draft.timeout),
      retry: retryOf(draft, reader),
      rate_limit: draft.hasRateLimit
        ? {
            per_second: reader.number('/config/rate_limit/per_second', draft.perSecond),
            burst: reader.number('/config/rate_limit/burst', draft.burst),
          }
        : null,
      max_concurrency: reader.number('/config/max_concurrency', draft.maxConcurrency),
      // What neither the form nor the stored subscription has, the API gives its default.
    } as Subscription['config'],
    ...optional('source', draft.source),
    ...optional('description', draft.description),
    ...credential(draft),
  };
  reader.finish();
  return spec;
}

/** What of a draft decides which events it gets; throws like the whole. */
export function rulesOf(draft: Draft): Pick<SubscriptionSpec, 'types' | 'filters' | 'source'> {
  const reader = new Reader();
  const rules = {
    types: lines(draft.types),
    filters: filters(draft, reader),
    ...optional('source', draft.source),
  };
  reader.finish();
  return rules;
}

function filters(draft: Draft, reader: Reader) {
  const parsed = parseFilters(draft.filters);
  if ('filters' in parsed) return parsed.filters;
  reader.fault('/filters', parsed.wrong);
  return [];
}

function credential(draft: Draft): Pick<SubscriptionSpec, 'sinkcredential'> {
  if (draft.credential === 'PLAIN')
    return {
      sinkcredential: { credentialtype: 'PLAIN', identifier: draft.identifier, secret: draft.secret },
    };
  if (draft.credential === 'ACCESSTOKEN')
    return { sinkcredential: { credentialtype: 'ACCESSTOKEN', accesstoken: draft.accessToken.trim() } };
  return {};
}

function optional<Name extends 'source' | 'description'>(name: Name, text: string) {
  return text.trim() === '' ? {} : { [name]: text.trim() };
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

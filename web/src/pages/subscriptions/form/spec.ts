import {
  ProblemError,
  type FieldProblem,
  type RetryPolicy,
  type Subscription,
  type SubscriptionSpec,
} from '$lib/api';
import { parseFilters } from './dialects';
import type { Draft, Pair } from './draft';
import { parseWait, parseWaits } from './wait';

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
      format: 'json',
      ...draft.others.config,
      content_mode: draft.contentMode,
      timeout_ms: reader.wait('/config/timeout_ms', draft.timeout),
      retry: { ...draft.others.retry, ...retry(draft, reader) },
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

class Reader {
  #faults: FieldProblem[] = [];

  wait(pointer: string, text: string): number {
    const wait = parseWait(text);
    if (wait === undefined) this.fault(pointer, 'must be a time with its unit, such as 500ms, 15s or 5m');
    return wait ?? 0;
  }

  number(pointer: string, text: string): number {
    const value = Number(text.trim());
    if (text.trim() === '' || !Number.isFinite(value)) this.fault(pointer, 'must be a number');
    return value;
  }

  pairs(pointer: string, list: readonly Pair[]): Record<string, string> {
    const record: Record<string, string> = {};
    for (const { name, value } of list) {
      const key = name.trim();
      // A row that was added and left empty means nothing.
      if (key === '' && value.trim() === '') continue;
      if (key === '') this.fault(pointer, `needs a name for the value “${value.trim()}”`);
      else if (key in record) this.fault(`${pointer}/${escapePointer(key)}`, 'is given twice');
      else record[key] = value.trim();
    }
    return record;
  }

  fault(pointer: string, detail: string): void {
    this.#faults.push({ pointer, detail });
  }

  finish(): void {
    if (this.#faults.length === 0) return;
    const detail = 'Some fields can’t be read; nothing was sent.';
    throw new ProblemError(0, 'invalid_request', 'Not sent', detail, this.#faults);
  }
}

/** A name as a part of a JSON Pointer (RFC 6901). */
export function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function filters(draft: Draft, reader: Reader) {
  const parsed = parseFilters(draft.filters);
  if ('filters' in parsed) return parsed.filters;
  reader.fault('/filters', parsed.wrong);
  return [];
}

function retry(draft: Draft, reader: Reader): RetryPolicy {
  const jitter = reader.number('/config/retry/jitter', draft.jitter);
  if (draft.retryKind === 'schedule') {
    const parsed = parseWaits(draft.schedule);
    if ('waits' in parsed) return { schedule_ms: parsed.waits, jitter };
    reader.fault('/config/retry/schedule_ms', `“${parsed.wrong}” is no time with its unit, such as 5s or 2h`);
    return { schedule_ms: [], jitter };
  }
  return {
    initial_interval_ms: reader.wait('/config/retry/initial_interval_ms', draft.initialInterval),
    multiplier: reader.number('/config/retry/multiplier', draft.multiplier),
    max_interval_ms: reader.wait('/config/retry/max_interval_ms', draft.maxInterval),
    max_attempts: reader.number('/config/retry/max_attempts', draft.maxAttempts),
    jitter,
  };
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

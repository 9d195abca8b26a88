import { describe, expect, it } from 'vitest';
import { ProblemError, type Subscription } from '$lib/api';
import { draftOf, emptyDraft, pair } from './draft';
import { specOf } from './spec';

const stored: Subscription = {
  id: 'sub_01h455vb4pex5vsknk084sn02q',
  status: 'active',
  sink: 'https://shop.example/hooks',
  protocol: 'HTTP',
  source: '/orders',
  types: ['com.example.order.created', 'com.example.order.paid'],
  filters: [{ prefix: { subject: 'eu-' } }, { not: { exact: { type: 'ping' } } }],
  protocolsettings: { headers: { 'X-Env': 'prod' }, method: 'PUT' },
  description: 'orders to the shop',
  metadata: { team: 'shop' },
  config: {
    content_mode: 'binary',
    format: 'protobuf',
    timeout_ms: 2_500,
    retry: {
      initial_interval_ms: 1_000,
      multiplier: 2.5,
      max_interval_ms: 3_600_000,
      jitter: 0,
      max_attempts: 4,
      policy: 'knative',
      permanent_statuses: [503],
    },
    rate_limit: { per_second: 0.5, burst: 3 },
    max_concurrency: 2,
    delay_ms: 90_000,
    ordering: { by: 'partitionkey', on_failure: 'skip' },
    header_encoding: 'raw_ascii',
    handshake: 'required',
    breaker: { open_ms: 60_000 },
    dead_letter_sink: 'https://shop.example/dead',
    signature: { schemes: ['v1', 'v1a'], http_message: 'ed25519' },
  },
  created_at: '2026-11-21T08:00:00Z',
  updated_at: '2026-11-21T08:00:00Z',
};

function faults(change: object): Record<string, string> {
  try {
    specOf({ ...emptyDraft(), sink: 'https://a.example/', ...change });
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return Object.fromEntries(error.errors.map(({ pointer, detail }) => [pointer, detail]));
  }
  return {};
}

describe('specOf', () => {
  it('writes what was read, member for member', () => {
    const written = specOf(draftOf(stored));
    for (const [name, value] of Object.entries(written))
      expect(value, name).toEqual(stored[name as keyof Subscription]);
    expect(Object.keys(written)).toHaveLength(9);
  });

  it('starts with the schedule of Standard Webhooks', () => {
    const spec = specOf({ ...emptyDraft(), sink: ' https://a.example/ ' });
    expect(spec.sink).toBe('https://a.example/');
    expect(spec.config?.retry).toEqual({
      schedule_ms: [0, 5e3, 3e5, 18e5, 72e5, 18e6, 36e6, 504e5, 72e6, 864e5],
      jitter: 0.2,
    });
    expect(spec.config?.rate_limit).toBeNull();
    expect(spec).not.toHaveProperty('source');
    expect(spec).not.toHaveProperty('sinkcredential');
  });

  it('leaves out what was emptied', () => {
    const { config } = specOf({ ...draftOf(stored), handshake: '', deadLetterSink: ' ' });
    expect(config).not.toHaveProperty('handshake');
    expect(config).not.toHaveProperty('dead_letter_sink');
  });

  it('sends a credential only when one was written', () => {
    const kept = draftOf({ ...stored, sinkcredential: { credentialtype: 'PLAIN' } });
    expect(kept.credential).toBe('keep');
    expect(specOf(kept)).not.toHaveProperty('sinkcredential');
    expect(specOf({ ...kept, credential: 'ACCESSTOKEN', accessToken: ' t0ken ' }).sinkcredential).toEqual({
      credentialtype: 'ACCESSTOKEN',
      accesstoken: 't0ken',
    });
  });

  it('names every field that can not be read, each by its own pointer', () => {
    expect(
      Object.keys(
        faults({
          filters: '[',
          timeout: '15',
          schedule: '0, soon',
          hasRateLimit: true,
          perSecond: '',
          maxConcurrency: 'x',
        }),
      ).sort(),
    ).toEqual([
      '/config/max_concurrency',
      '/config/rate_limit/per_second',
      '/config/retry/schedule_ms',
      '/config/timeout_ms',
      '/filters',
    ]);
  });

  it('passes over empty rows and refuses nameless and repeated ones', () => {
    expect(faults({ headers: [pair(), pair('A/b', '1'), pair('A/b', '2')] })).toEqual({
      '/protocolsettings/headers/A~1b': 'is given twice',
    });
    expect(faults({ metadata: [pair('', 'shop')] })).toHaveProperty(['/metadata']);
  });
});

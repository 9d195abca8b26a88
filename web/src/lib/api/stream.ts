import { callerHeaders, request } from './client';
import { ProblemError } from './problem';

/** What narrows a live tail. */
export interface TailFilter {
  type?: string;
  source?: string;
  subject?: string;
}

/**
 * Opens the live tail of accepted events; resumes after `lastId`. A plain `EventSource` can't name the tenant, so this is a fetch whose
 * body the caller reads. Throws a `ProblemError` when the API refuses.
 */
export async function openTail(
  filter: TailFilter,
  lastId: string | undefined,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const url = new URL('/v1/events/tail', location.origin);
  for (const [name, value] of Object.entries(filter)) if (value) url.searchParams.set(name, value);
  const headers = new Headers({ accept: 'text/event-stream', ...callerHeaders() });
  if (lastId !== undefined) headers.set('Last-Event-ID', lastId);
  const response = await request(url, { headers, signal, cache: 'no-store' });
  if (!response.headers.get('content-type')?.startsWith('text/event-stream') || response.body === null)
    throw new ProblemError(
      response.status,
      'unknown',
      'Unexpected answer',
      'The answer was no event stream.',
    );
  return response.body;
}

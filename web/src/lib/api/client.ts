import createClient, { type Middleware } from 'openapi-fetch';
import { asNoAnswer, problemOf } from './problem';
import type { paths } from './schema';

/** What the client needs to know about who is signed in; the session fills it. */
export interface Caller {
  /** The tenant to name, for a credential that reaches all of them. */
  tenant(): string | undefined;
  /** Called when the API answers that nobody is signed in. */
  signedOut(): void;
  /** Called when the tenant that a call named does not exist (any more); by the time of the answer another may be shown. */
  tenantGone(tenant: string): void;
}

const tenantHeader = 'Waypost-Tenant';
let caller: Caller = { tenant: () => undefined, signedOut: () => undefined, tenantGone: () => undefined };

/** Tells the client who calls. */
export function setCaller(next: Caller): void {
  caller = next;
}

/** The headers every request carries. */
export function callerHeaders(): Record<string, string> {
  const tenant = caller.tenant();
  return tenant === undefined ? {} : { [tenantHeader]: tenant };
}

/** Throws the problem of an answer that is none of 2xx; a 401 also leads to sign-in. `sent` are the headers of the request. */
async function refuse(response: Response, url: string, sent?: Headers): Promise<void> {
  if (response.ok) return;
  // A wrong key at sign-in is an answer to show there, not a reason to go there.
  if (response.status === 401 && !new URL(url, 'http://any').pathname.endsWith('/v1/session'))
    caller.signedOut();
  const problem = await problemOf(response);
  const named = sent?.get(tenantHeader);
  if (problem.code === 'tenant_not_found' && named) caller.tenantGone(named);
  throw problem;
}

/** A `fetch` outside of `api`: refused and failed ones throw the same problems. */
export async function request(
  url: string | URL,
  init: RequestInit & { headers?: Headers } = {},
): Promise<Response> {
  const response = await fetch(url, init).catch((error: unknown) => {
    throw asNoAnswer(error);
  });
  await refuse(response, response.url, init.headers);
  return response;
}

const middleware: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(callerHeaders())) request.headers.set(name, value);
    return request;
  },
  async onResponse({ request, response }) {
    await refuse(response, request.url, request.headers);
    return response;
  },
  onError({ error }) {
    return asNoAnswer(error);
  },
};

/** Every call of the API, typed from its document. Errors are thrown as `ProblemError`. */
export const api = createClient<paths>({ baseUrl: globalThis.location?.origin ?? '' });
api.use(middleware);

/** The body of an answer: `await body(api.GET('/v1/events'))`. */
export async function body<T>(answer: Promise<{ data?: T }>): Promise<NonNullable<T>> {
  try {
    // Errors were thrown by the middleware: what is left has the body its document promises.
    return (await answer).data as NonNullable<T>;
  } catch (error) {
    // The connection may also be lost while the body is read, which no middleware sees.
    throw asNoAnswer(error);
  }
}

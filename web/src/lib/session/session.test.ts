import { beforeEach, describe, expect, it, vi } from 'vitest';

const stored = new Map<string, string>();
const address = { origin: 'http://waypost.test', hash: '' };
vi.stubGlobal('location', address);
vi.stubGlobal('history', { replaceState: (_: unknown, __: string, to: string) => (address.hash = to) });
vi.stubGlobal('localStorage', {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => stored.set(key, value),
});
const requests: Request[] = [];
let answer: () => Response = () => new Response(null, { status: 204 });
vi.stubGlobal('fetch', async (request: Request) => {
  requests.push(request);
  return answer();
});

// The client takes `fetch` and the origin when it is made: after the stubs.
const { session } = await import('./session.svelte');
const { api, body } = await import('$lib/api');
const { href, router } = await import('$lib/router');
const { toasts } = await import('$lib/toast');

const somebody = {
  name: 'operator',
  tenant: null as string | null,
  scopes: ['deliveries:read'] as never[],
  expires_at: null,
  is_dev: false,
  version: '0.1.0',
};
const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status });
const problem = (status: number, code: string) => json({ title: 't', detail: 'd', code, status }, status);

beforeEach(() => {
  requests.length = 0;
  toasts.list = [];
  session.current = undefined;
  session.isEnded = false;
  session.choose('default');
  stored.clear();
});

describe('the session', () => {
  it('knows who is signed in', async () => {
    answer = () => json(somebody);
    await session.load();
    expect(session.current).toEqual(somebody);
    expect([session.can('deliveries:read'), session.can('admin')]).toEqual([true, false]);
  });

  it('is nobody’s after a 401', async () => {
    answer = () => problem(401, 'unauthenticated');
    await session.load();
    expect(session.current).toBeNull();
  });

  it('is unknown when Waypost does not answer', async () => {
    answer = () => {
      throw new TypeError('Failed to fetch');
    };
    await expect(session.load()).rejects.toMatchObject({ code: 'unreachable' });
    expect(session.current).toBeUndefined();
  });

  it('shows a refused key at sign-in', async () => {
    answer = () => problem(401, 'unauthenticated');
    await expect(session.signIn({ api_key: 'wp_wrong' })).rejects.toMatchObject({
      status: 401,
      code: 'unauthenticated',
    });
  });

  it('lets an administrator do everything', () => {
    session.current = { ...somebody, scopes: ['admin'] };
    expect(session.can('subscriptions:write')).toBe(true);
  });
});

describe('the tenant', () => {
  it('stands in the address and in every link, unless it is the default', () => {
    session.current = somebody;
    session.choose('acme');
    expect(address.hash).toBe('#/?tenant=acme');
    expect(href('event', { id: 'evt_1' })).toBe('#/events/evt_1?tenant=acme');
    session.choose('default');
    expect([address.hash, href('events')]).toEqual(['#/', '#/events']);
  });

  it('is the one that a link names', () => {
    session.current = somebody;
    router.go('#/events/evt_1?tenant=acme');
    expect(session.tenant).toBe('acme');
    router.go('#/events/evt_1');
    expect(session.tenant).toBe('default');
    router.go('#/events?tenant=No%20name');
    expect(session.tenant).toBe('default');
  });

  it('is the credential’s own whatever a link names, and then in none', () => {
    session.current = { ...somebody, tenant: 'beta' };
    router.go('#/events?tenant=acme');
    expect([session.tenant, href('events')]).toEqual(['beta', '#/events']);
  });

  it.each([
    ['', 'acme'],
    ['#/sign-in', 'acme'],
    ['#/deliveries', 'default'],
    ['#/deliveries?tenant=beta', 'beta'],
  ])('at the address %s is, after acme the last time, %s', async (hash, tenant) => {
    stored.set('waypost.tenant', 'acme');
    router.go(hash);
    answer = () => json(somebody);
    await session.load();
    expect(session.tenant).toBe(tenant);
  });

  it('keeps the filters of the page it is chosen on', () => {
    session.current = somebody;
    router.go('#/deliveries?state=pending');
    session.choose('acme');
    expect(router.place.query).toEqual({ state: 'pending', tenant: 'acme' });
  });
});

describe('calls', () => {
  it('name the chosen tenant for a credential of all tenants', async () => {
    session.current = somebody;
    session.choose('acme');
    answer = () => json({ data: [], next: null });
    await body(api.GET('/v1/events'));
    expect(requests[0]?.headers.get('waypost-tenant')).toBe('acme');
    expect(stored.get('waypost.tenant')).toBe('acme');
  });

  it('name none for a credential of one tenant', async () => {
    session.current = { ...somebody, tenant: 'acme' };
    answer = () => json({ data: [], next: null });
    await body(api.GET('/v1/events'));
    expect(requests[0]?.headers.has('waypost-tenant')).toBe(false);
    expect(session.tenant).toBe('acme');
  });

  it('lead to sign-in over the page when the session has ended', async () => {
    session.current = somebody;
    answer = () => problem(401, 'unauthenticated');
    await expect(body(api.GET('/v1/events'))).rejects.toMatchObject({ status: 401 });
    expect([session.current, session.isEnded]).toEqual([somebody, true]);
    const before = session.identity;
    answer = () => json({ ...somebody, version: '0.2.0' });
    await session.signIn({ api_key: 'wp_again' });
    expect([session.isEnded, session.identity]).toEqual([false, before]);
  });

  it('lead to plain sign-in when the page is given up', async () => {
    session.current = somebody;
    session.end();
    session.leave();
    expect([session.current, session.isEnded]).toEqual([null, false]);
  });

  it('know a namesake with other scopes for another', () => {
    session.current = somebody;
    const before = session.identity;
    session.current = { ...somebody, scopes: ['admin'] };
    expect(session.identity).not.toBe(before);
  });

  it('fall back to the default tenant when the chosen one is gone', async () => {
    session.current = somebody;
    session.choose('deleted');
    answer = () => problem(404, 'tenant_not_found');
    await expect(body(api.GET('/v1/events'))).rejects.toMatchObject({ code: 'tenant_not_found' });
    expect(session.tenant).toBe('default');
    expect(toasts.list.map(({ title }) => title)).toEqual(['The tenant deleted is gone; showing default']);
  });

  it('leave the tenant that is shown when one that was left is gone', async () => {
    session.current = somebody;
    session.choose('deleted');
    answer = () => {
      session.choose('acme');
      return problem(404, 'tenant_not_found');
    };
    await expect(body(api.GET('/v1/events'))).rejects.toMatchObject({ code: 'tenant_not_found' });
    expect(session.tenant).toBe('acme');
    expect(toasts.list).toEqual([]);
  });

  it('throw the problem of an answer', async () => {
    session.current = somebody;
    answer = () => problem(409, 'conflict');
    await expect(body(api.GET('/v1/events'))).rejects.toMatchObject({
      name: 'ProblemError',
      code: 'conflict',
      detail: 'd',
    });
  });
});

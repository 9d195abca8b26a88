import { tenantOf } from './tenant';

/** Every page and its path in the hash; `:name` is a parameter. The order is the order of matching. */
export const routes = {
  overview: '/',
  signIn: '/sign-in',
  firstMinute: '/first-minute',
  events: '/events',
  publish: '/events/publish',
  event: '/events/:id',
  deliveries: '/deliveries',
  delivery: '/deliveries/:id',
  deadLetters: '/dead-letters',
  subscriptions: '/subscriptions',
  newSubscription: '/subscriptions/new',
  subscription: '/subscriptions/:id',
  editSubscription: '/subscriptions/:id/edit',
  jobs: '/jobs',
  job: '/jobs/:id',
  tenants: '/tenants',
  apiKeys: '/api-keys',
  producers: '/producers',
} as const;

/** The name of a page. */
export type RouteName = keyof typeof routes;

type ParamNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamNames<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

/** The parameters a page's path takes. */
export type RouteParams<Name extends RouteName> = Record<ParamNames<(typeof routes)[Name]>, string>;

/** What stands after `?`; absent and empty values are left out. */
export type Query = Record<string, string | undefined>;

/** A place in the dashboard. */
export interface Place {
  name: RouteName | undefined;
  params: Record<string, string>;
  query: Query;
}

type HrefArguments<Name extends RouteName> = [keyof RouteParams<Name>] extends [never]
  ? [query?: Query]
  : [params: RouteParams<Name>, query?: Query];

/**
 * The link to a page: `href('event', { id })`, `href('deliveries', { state: 'pending' })`. It leads to the tenant that is shown, for
 * everybody it is given to, unless the query names another.
 */
export function href<Name extends RouteName>(name: Name, ...rest: HrefArguments<Name>): string {
  const path: string = routes[name];
  const hasParams = path.includes(':');
  const params = (hasParams ? rest[0] : {}) as Record<string, string>;
  const query = (hasParams ? rest[1] : rest[0]) as Query | undefined;
  const filled = path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ''));
  return `#${filled}${formatQuery({ ...query, tenant: tenantOf(query?.['tenant']) })}`;
}

/** Reads a location's hash. An unknown path has no name. */
export function parseHash(hash: string): Place {
  const [path = '', search = ''] = split(hash.replace(/^#/, ''), '?');
  const query: Query = Object.fromEntries(new URLSearchParams(search));
  for (const [name, pattern] of Object.entries(routes)) {
    const params = match(pattern, path === '' ? '/' : path);
    if (params) return { name: name as RouteName, params, query };
  }
  return { name: undefined, params: {}, query };
}

/** Writes a query in the order of its keys, without what is empty. */
export function formatQuery(query: Query): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value) search.set(key, value);
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

function match(pattern: string, path: string): Record<string, string> | undefined {
  const expected = pattern.split('/');
  const given = path.replace(/(.)\/$/, '$1').split('/');
  if (expected.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const value = given[index] ?? '';
    if (!part.startsWith(':')) {
      if (part !== value) return undefined;
    } else {
      const decoded = decode(value);
      if (decoded === undefined || decoded === '') return undefined;
      params[part.slice(1)] = decoded;
    }
  }
  return params;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function split(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

import { describe, expect, it } from 'vitest';
import type { Scope } from '$lib/api';
import { homeOf, linkTo, work } from './navigation';

const holder =
  (...scopes: Scope[]) =>
  (scope: Scope) =>
    scopes.includes(scope);

describe('the first page a credential is shown', () => {
  it.each([
    [['deliveries:read', 'events:read'], '#/'],
    [['events:read'], '#/events'],
    [['subscriptions:read'], '#/subscriptions'],
    [['events:write'], '#/events/publish'],
    [['subscriptions:write'], undefined],
  ] as [Scope[], string | undefined][])('with %j is %s', (scopes, home) => {
    expect(homeOf(holder(...scopes))).toBe(home);
  });
});

it('a link to a destination leads to the tenant it is made for', () => {
  const [overview] = work;
  expect(overview && linkTo(overview, 'acme')).toBe('#/?tenant=acme');
  expect(overview && linkTo(overview, 'default')).toBe('#/');
});

import { describe, expect, it } from 'vitest';
import { href, parseHash, routes, type RouteName } from './route';

describe('parsing a hash', () => {
  it('is the overview when it is empty', () => {
    for (const hash of ['', '#', '#/']) expect(parseHash(hash).name).toBe('overview');
  });

  it('reads filters', () => {
    expect(parseHash('#/deliveries?state=pending&subscription_id=sub_1')).toEqual({
      name: 'deliveries',
      params: {},
      query: { state: 'pending', subscription_id: 'sub_1' },
    });
  });

  it('reads a parameter as it was meant', () => {
    expect(parseHash('#/events/a%2Fb%20c').params).toEqual({ id: 'a/b c' });
  });

  it('prefers a word to a parameter', () => {
    expect(parseHash('#/events/publish').name).toBe('publish');
    expect(parseHash('#/subscriptions/new').name).toBe('newSubscription');
  });

  it('forgives a slash at the end', () => {
    expect(parseHash('#/events/').name).toBe('events');
  });

  it.each(['#/nowhere', '#/events/a/b/c', '#/events/%', 'x'])('knows no page %s', (hash) => {
    expect(parseHash(hash).name).toBeUndefined();
  });

  it('keeps question marks inside the query', () => {
    expect(parseHash('#/events?source=/a?b=c').query).toEqual({ source: '/a?b=c' });
  });
});

describe('links', () => {
  it('leave out what is empty', () => {
    expect(href('deliveries', { state: 'pending', cursor: undefined, after: '' })).toBe(
      '#/deliveries?state=pending',
    );
  });

  it('escape what would break them', () => {
    expect(href('event', { id: 'a/b?c' }, { tab: 'x&y' })).toBe('#/events/a%2Fb%3Fc?tab=x%26y');
  });

  it('lead to the page they name, all of them', () => {
    for (const name of Object.keys(routes) as RouteName[]) {
      const link = href(name as 'event', { id: 'some' });
      expect(parseHash(link).name, link).toBe(name);
    }
  });
});

import { describe, expect, it } from 'vitest';
import type { ErrorClass } from '$lib/api';
import { errorClasses } from '$lib/ui/states';
import { explain } from './failure';

describe('explain', () => {
  it('says nothing of what did not fail', () => {
    expect(explain({ status: 204 })).toBeUndefined();
  });

  it('has words and a hint for every class', () => {
    for (const error_class of Object.keys(errorClasses) as ErrorClass[]) {
      const found = explain({ error_class });
      expect(found?.text, error_class).toBeTruthy();
      expect(found?.hint, error_class).toMatch(/[.?]$/);
    }
  });

  it('is more precise about statuses that say more than their class', () => {
    const text = (status: number, error_class: ErrorClass) => explain({ status, error_class })?.text;
    expect(text(401, 'client')).toBe('Not authenticated');
    expect(text(403, 'client')).toBe('Not allowed');
    expect(text(404, 'client')).toBe('No such address');
    expect(text(410, 'client')).toBe('Gone');
    expect(text(413, 'client')).toBe('Too large');
    expect(text(429, 'client')).toBe('Too many requests');
    expect(text(500, 'server')).toBe('Endpoint failed');
    expect(text(503, 'server')).toBe('Endpoint unavailable');
  });

  it('falls back to the class for a status it does not know', () => {
    expect(explain({ status: 418, error_class: 'client' })).toEqual(errorClasses.client);
    expect(explain({ status: 599, error_class: 'server' })).toEqual(errorClasses.server);
    expect(explain({ status: 302, error_class: 'redirect' })).toEqual(errorClasses.redirect);
  });

  it('tells a success that broke off from a timeout without an answer', () => {
    expect(explain({ status: 200, error_class: 'timeout' })?.text).toBe('Timed out within the answer');
    expect(explain({ error_class: 'timeout' })).toEqual(errorClasses.timeout);
  });
});

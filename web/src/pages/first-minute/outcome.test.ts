import { describe, expect, it } from 'vitest';
import { missedHint, outcome, takesEverything } from './outcome';

describe('takesEverything', () => {
  const open = { status: 'active', types: [], filters: [] } as const;
  const asked = (more: object) => takesEverything({ ...open, types: [], filters: [], ...more });

  it('is what narrows by nothing', () => {
    expect(asked({})).toBe(true);
    expect(asked({ source: undefined })).toBe(true);
  });

  it('is not what asks for a type, a source or a filter, or is not in force', () => {
    expect(asked({ types: ['com.example.hello'] })).toBe(false);
    expect(asked({ source: '/orders' })).toBe(false);
    expect(asked({ filters: [{ exact: { subject: 'eu' } }] })).toBe(false);
    expect(asked({ status: 'paused' })).toBe(false);
  });
});

describe('missedHint', () => {
  it('names both types where they differ', () => {
    expect(missedHint('com.example.bye', ['com.example.hello'])).toBe(
      'You subscribed to com.example.hello and sent com.example.bye: set the type in step 1 back, or subscribe to com.example.bye in step 2.',
    );
  });

  it('looks to the subscription where the type can’t be why', () => {
    expect(missedHint('a', ['a'])).toContain('look at it');
    expect(missedHint('a', [])).toContain('look at it');
  });
});

describe('outcome', () => {
  it('says whether something is still to come', () => {
    expect(outcome({ state: 'pending', attempt_count: 0 })).toBe('It waits for its first attempt.');
    expect(outcome({ state: 'pending', attempt_count: 2 })).toBe(
      '2 attempts failed: it is tried again by itself.',
    );
    expect(outcome({ state: 'delivered', attempt_count: 1 })).toBe('It was delivered after 1 attempt.');
    expect(outcome({ state: 'dead_lettered', attempt_count: 3 })).toContain('send another');
  });
});

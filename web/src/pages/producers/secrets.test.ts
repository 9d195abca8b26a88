import { describe, expect, it } from 'vitest';
import { maxSecrets, newSecret, withoutSecret, withSecret } from './secrets';

describe('a new secret', () => {
  it('is 32 bytes in base64, and another each time', () => {
    const secret = newSecret();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(atob(secret.slice('whsec_'.length))).toHaveLength(32);
    expect(newSecret()).not.toBe(secret);
  });

  it('comes first, as long as there is room', () => {
    expect(withSecret(['b', 'c'], 'a')).toEqual(['a', 'b', 'c']);
    expect(withSecret(Array.from({ length: maxSecrets }, String), 'a')).toBeUndefined();
  });
});

describe('a secret that goes', () => {
  it('leaves the others in their order', () => {
    expect(withoutSecret(['a', 'b', 'c'], 'b')).toEqual(['a', 'c']);
  });

  it('is never the last one, nor one that is gone already', () => {
    expect(withoutSecret(['a'], 'a')).toBeUndefined();
    expect(withoutSecret(['a', 'b'], 'c')).toBeUndefined();
  });
});

import { expect, it } from 'vitest';
import { verified } from './handshake';

it('a verification says what follows from it', () => {
  expect(verified(true, undefined, 'active')).toBe('It names no limit.');
  expect(verified(true, 120, 'active')).toContain('120 requests a minute');
  expect(verified(false, undefined, 'unverified')).toContain('Nothing is delivered');
  expect(verified(false, undefined, 'active')).toContain('stays active');
});

import { expect, it } from 'vitest';
import type { SubscriptionSignature } from '$lib/api';
import { hasKeyPair, signatureDraft, signatureOf } from './signature';

it.each([
  [{ schemes: ['v1'] }, false],
  [{ schemes: ['v1', 'v1a'] }, true],
  [{ schemes: ['v1'], http_message: 'ed25519' }, true],
  [{ schemes: ['v1'], http_message: 'hmac-sha256' }, false],
] as [SubscriptionSignature, boolean][])('%j is written as it was read', (stored, hasPair) => {
  expect(signatureOf(signatureDraft(stored))).toEqual(stored);
  expect(hasKeyPair(stored)).toBe(hasPair);
});

it('nothing said means v1 alone', () => {
  expect(signatureOf(signatureDraft(undefined))).toEqual({ schemes: ['v1'] });
  expect(hasKeyPair(undefined)).toBe(false);
});

import { expect, it } from 'vitest';
import { heldUntil } from './held';

it('a delivery is held back by a subscription that is paused or unverified, and by no other', () => {
  expect(heldUntil('paused')).toContain('resumed');
  expect(heldUntil('unverified')).toContain('agreed');
  expect([heldUntil('active'), heldUntil('disabled'), heldUntil(undefined)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

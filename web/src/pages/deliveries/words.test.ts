import { expect, it } from 'vitest';
import { cameOf } from './words';

it('a bulk action says how many it was done to, and whether there are more', () => {
  expect(cameOf('cancel', 2, { count: 2, isWhole: true })).toBe('Cancelled: 2 deliveries');
  expect(cameOf('redeliver', 1_000, { count: 1_000, isWhole: false })).toBe(
    'Opened again: 1,000 deliveries; there are more, do it again for them',
  );
});

it('what was passed over is counted and explained', () => {
  expect(cameOf('redeliver', 3, { count: 1, isWhole: true })).toBe(
    'Opened again: 1 delivery; 2 deliveries passed over: the subscription is disabled or deleted, or the delivery was opened again already',
  );
  expect(cameOf('cancel', 1, { count: 0, isWhole: true })).toBe(
    'Cancelled: 0 deliveries; 1 delivery passed over: finished meanwhile',
  );
});

it('more than was agreed to, because some came in between, passes nothing over', () => {
  expect(cameOf('cancel', 2, { count: 3, isWhole: true })).toBe('Cancelled: 3 deliveries');
});

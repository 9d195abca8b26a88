import { describe, expect, it } from 'vitest';
import { inboxOf, Progress } from './progress.svelte';

const receipt = (id: string, deliveries: number) => ({ id, deliveries, duplicate: false });

describe('Progress', () => {
  it('goes through its three steps', () => {
    const progress = new Progress();
    expect(progress.step).toBe(1);
    progress.noteSent(receipt('evt_1', 0), 'a');
    expect(progress.step).toBe(2);
    progress.subscribe({ id: 'sub_1', sink: 'https://shop.example/hooks', types: ['a'] });
    expect(progress.step).toBe(3);
    progress.noteSent(receipt('evt_2', 1), 'a');
    progress.hasArrived = true;
    expect(progress.step).toBe(4);
  });

  it('an event that nobody took is missed only once there is a subscription', () => {
    const progress = new Progress();
    progress.noteSent(receipt('evt_1', 0), 'a');
    expect(progress.missed).toBeUndefined();
    progress.subscribe({ id: 'sub_1', sink: 'https://shop.example/hooks', types: ['a'] });
    progress.noteSent(receipt('evt_2', 0), 'b');
    expect(progress.missed).toBe('b');
    expect(progress.watched).toBeUndefined();
    progress.noteSent(receipt('evt_3', 1), 'a');
    expect(progress.missed).toBeUndefined();
    expect(progress.watched?.id).toBe('evt_3');
  });

  it('subscribing once more answers what was missed', () => {
    const progress = new Progress();
    progress.subscribe({ id: 'sub_1', sink: 'https://shop.example/hooks', types: ['a'] });
    progress.noteSent(receipt('evt_1', 0), 'b');
    progress.subscribe({ id: 'sub_2', sink: 'https://shop.example/hooks', types: ['b'] });
    expect(progress.missed).toBeUndefined();
  });
});

it('an inbox is known by its address', () => {
  expect(inboxOf('http://127.0.0.1:8080/dev/inbox/first-minute')).toBe('first-minute');
  expect(inboxOf('https://shop.example/hooks')).toBeUndefined();
  expect(inboxOf(undefined)).toBeUndefined();
});

import { afterEach, describe, expect, it, vi } from 'vitest';
import { ProblemError } from '$lib/api';
import { act, toasts } from './toasts.svelte';

afterEach(() => {
  vi.useRealTimers();
  toasts.list = [];
});

describe('an action', () => {
  it('says what it did, for a while', async () => {
    vi.useFakeTimers();
    expect(
      await act(
        'Redeliver',
        async () => 3,
        (count) => `${count} reopened`,
      ),
    ).toBe(3);
    expect(toasts.list).toMatchObject([{ kind: 'done', title: '3 reopened' }]);
    vi.advanceTimersByTime(10_000);
    expect(toasts.list).toEqual([]);
  });

  it('says why it failed, until it is dismissed', async () => {
    vi.useFakeTimers();
    const problem = new ProblemError(409, 'conflict', 'Conflict', 'It is in flight.');
    expect(
      await act(
        'Cancel',
        () => Promise.reject(problem),
        () => '',
      ),
    ).toBeUndefined();
    vi.advanceTimersByTime(60_000);
    expect(toasts.list).toMatchObject([
      { kind: 'failed', title: 'Cancel failed', detail: 'It is in flight.', code: 'conflict' },
    ]);
    toasts.dismiss(toasts.list[0]?.id ?? 0);
    expect(toasts.list).toEqual([]);
  });

  it('never hides the page under messages', () => {
    for (let index = 0; index < 9; index += 1) toasts.failed(`${index}`, new Error('x'));
    expect(toasts.list.map(({ title }) => title)).toEqual(['5', '6', '7', '8']);
  });
});

describe('what has to be known', () => {
  it('stays, and is said once', () => {
    vi.useFakeTimers();
    toasts.noted('The tenant acme is gone');
    toasts.noted('The tenant acme is gone');
    vi.advanceTimersByTime(60_000);
    expect(toasts.list).toMatchObject([{ kind: 'noted', title: 'The tenant acme is gone' }]);
  });

  it('is not pushed out while it waits for a deed', () => {
    toasts.noted('Waypost was updated', undefined, { text: 'Reload', run: () => undefined });
    for (let index = 0; index < 9; index += 1) toasts.failed(`${index}`, new Error('x'));
    expect(toasts.list.map(({ title }) => title)).toEqual(['Waypost was updated', '5', '6', '7', '8']);
  });
});

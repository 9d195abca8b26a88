import { describe, expect, it, vi } from 'vitest';
import { session } from '$lib/session';
import { confirm, confirmation } from './confirm.svelte';

const address = { hash: '' };
vi.stubGlobal('location', address);
vi.stubGlobal('history', { replaceState: (_: unknown, __: string, to: string) => (address.hash = to) });
const somebody = { name: 'a', tenant: null, scopes: [], expires_at: null, is_dev: false, version: '0' };
const question = { title: 'Purge?', body: '3 dead letters are deleted.', action: 'Purge' };

describe('a question', () => {
  it('waits for its answer', async () => {
    const answer = confirm(question);
    expect(confirmation.question).toBe(question);
    confirmation.settle(true);
    expect(await answer).toBe(true);
    expect(confirmation.question).toBeUndefined();
  });

  it('is answered no by the next one', async () => {
    const first = confirm(question);
    const second = confirm(question);
    confirmation.settle(true);
    expect(await Promise.all([first, second])).toEqual([false, true]);
  });

  it.each([
    ['another tenant is shown', () => session.choose('acme')],
    ['somebody else is signed in', () => (session.current = { ...somebody, name: 'b' })],
    ['nobody is signed in any more', () => (session.current = null)],
  ])('can not be answered yes when %s', async (_, change) => {
    session.current = somebody;
    session.choose('default');
    const answer = confirm(question);
    change();
    confirmation.settle(true);
    expect(await answer).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { confirm, confirmation } from './confirm.svelte';

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
});

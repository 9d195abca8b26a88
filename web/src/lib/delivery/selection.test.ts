import { describe, expect, it } from 'vitest';
import { Selection } from './selection.svelte';

describe('Selection', () => {
  it('goes from none over some to all and back', () => {
    const selection = new Selection(() => ['a', 'b'], String);
    expect(selection.extent).toBe('none');
    selection.toggle('b');
    expect(selection.extent).toBe('some');
    selection.toggleAll();
    expect(selection.rows).toEqual(['a', 'b']);
    expect(selection.extent).toBe('all');
    selection.toggleAll();
    expect(selection.extent).toBe('none');
  });

  it('forgets rows that left the list', () => {
    let rows = ['a', 'b'];
    const selection = new Selection(() => rows, String);
    selection.toggle('a');
    rows = ['b', 'c'];
    expect(selection.rows).toEqual([]);
    selection.toggleAll();
    expect(selection.rows).toEqual(['b', 'c']);
  });
});

import { expect, it } from 'vitest';
import { themeOf } from './theme.svelte';

it('remembers only themes that exist', () => {
  expect(['light', 'dark', 'system', 'pink', null].map(themeOf)).toEqual([
    'light',
    'dark',
    'system',
    'system',
    'system',
  ]);
});

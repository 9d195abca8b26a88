import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

export default ts.config(
  { ignores: ['dist/', 'screenshots/', 'src/lib/api/schema.d.ts'] },
  js.configs.recommended,
  ts.configs.strict,
  svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
    // TypeScript finds undefined names itself and knows the generics of a component.
    rules: { 'no-undef': 'off' },
  },
  { files: ['**/*.ts'], rules: { 'no-undef': 'off' } },
  {
    rules: {
      // The router of this dashboard is `$lib/router`, not SvelteKit's.
      'svelte/no-navigation-without-resolve': 'off',
      'svelte/no-at-html-tags': 'error',
      eqeqeq: 'error',
      'no-console': ['error', { allow: ['error'] }],
    },
  },
  { files: ['build/**', 'e2e/**'], rules: { 'no-console': 'off' } },
  {
    files: ['src/pages/**', 'src/layout/**', 'src/lib/ui/**'],
    rules: {
      'no-restricted-globals': ['error', { name: 'fetch', message: 'Call the API through $lib/api.' }],
    },
  },
);

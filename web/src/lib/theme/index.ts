export { theme, type Theme } from './theme.svelte';

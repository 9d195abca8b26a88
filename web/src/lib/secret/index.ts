export { default as ShownOnce } from './ShownOnce.svelte';

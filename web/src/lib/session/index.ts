export { session } from './session.svelte';

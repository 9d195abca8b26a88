export { act, toasts, type Toast } from './toasts.svelte';

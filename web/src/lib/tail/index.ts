export { Tail, type TailState } from './tail.svelte';

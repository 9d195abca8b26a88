export { now } from './clock.svelte';
export { timePreference } from './preference.svelte';
export { default as Time } from './Time.svelte';

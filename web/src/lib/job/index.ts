export * from './job';
export { default as JobActions } from './JobActions.svelte';
export { default as JobTable } from './JobTable.svelte';
export { default as Progress } from './Progress.svelte';

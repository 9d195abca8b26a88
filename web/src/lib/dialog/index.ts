export { confirm, type Question } from './confirm.svelte';
export { default as Dialog } from './Dialog.svelte';

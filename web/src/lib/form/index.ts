export { default as CheckField } from './CheckField.svelte';
export { default as Field, type Control } from './Field.svelte';
export { default as FilterBar } from './FilterBar.svelte';
export { default as FilterPeriod } from './FilterPeriod.svelte';
export { default as FilterSelect } from './FilterSelect.svelte';
export { default as FilterText } from './FilterText.svelte';
export { default as Form } from './Form.svelte';
export { default as SelectField } from './SelectField.svelte';
export { default as TextField } from './TextField.svelte';

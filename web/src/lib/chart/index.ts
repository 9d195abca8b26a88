export { default as Chart } from './Chart.svelte';
export { default as StatsChart } from './StatsChart.svelte';
export { type Series } from './series';
export { refreshMs, windowOf, windows } from './window';

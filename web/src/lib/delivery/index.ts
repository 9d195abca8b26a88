export { default as Attempt } from './Attempt.svelte';
export { bytesOf, hexDump, shownBody } from './body';
export { default as Timeline } from './Timeline.svelte';
export { explain, type Explanation } from './failure';

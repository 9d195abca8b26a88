export { default as Attempt } from './Attempt.svelte';
export { bytesOf, hexDump, shownBody } from './body';
export { default as DeliveryTable } from './DeliveryTable.svelte';
export { explain, type Explanation } from './failure';
export { canCancel, canRedeliver } from './lifecycle';
export { heldUntil } from './held';
export { default as NextAttempt } from './NextAttempt.svelte';
export { Selection } from './selection.svelte';
export { default as Timeline } from './Timeline.svelte';

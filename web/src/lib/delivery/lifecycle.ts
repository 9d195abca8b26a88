import type { DeliveryState } from '$lib/api';

const finished: readonly DeliveryState[] = ['delivered', 'dead_lettered', 'cancelled'];

/** Whether a delivery can be opened again: only one that is finished. */
export function canRedeliver(delivery: { state: DeliveryState }): boolean {
  return finished.includes(delivery.state);
}

/** Whether a delivery can be cancelled: only one that is not finished. */
export function canCancel(delivery: { state: DeliveryState }): boolean {
  return !finished.includes(delivery.state);
}

import type { DeliveryState } from '$lib/api';
import type { Query } from '$lib/router';
import { deliveryStates } from '$lib/ui/states';

/** Which deliveries are meant; what the API's list and its bulk actions take alike. */
export interface DeliveryFilter {
  state?: DeliveryState;
  subscription_id?: string;
  event_id?: string;
  after?: string;
  before?: string;
}

/** The filters' names in the address, the same as the API's. */
export const filterNames = ['state', 'subscription_id', 'event_id', 'after', 'before'] as const;

/** Reads the filters out of an address; a state that does not exist filters nothing. */
export function filterOf(query: Query): DeliveryFilter {
  const filter: Record<string, string> = {};
  for (const name of filterNames) {
    const value = query[name];
    if (value && (name !== 'state' || value in deliveryStates)) filter[name] = value;
  }
  return filter;
}

/** Whether every delivery is meant. */
export function isEverything(filter: DeliveryFilter): boolean {
  return Object.keys(filter).length === 0;
}

/** What a bulk action is called with: the API wants "all" said when no filter is. */
export function bulkQuery(filter: DeliveryFilter, isDryRun: boolean) {
  return { ...filter, ...(isEverything(filter) ? { all: true } : {}), dry_run: isDryRun };
}

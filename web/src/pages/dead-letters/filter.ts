import type { DeadLetterGroup, DeadReason } from '$lib/api';
import type { Query } from '$lib/router';
import { deadReasons } from '$lib/ui/states';

/** Which dead letters are meant; what the list, redrive and purge take alike. */
export interface DeadLetterFilter {
  subscription_id?: string;
  reason?: DeadReason;
  after?: string;
  before?: string;
}

/** The filters' names in the address, the same as the API's. */
export const filterNames = ['subscription_id', 'reason', 'after', 'before'] as const;

/** Reads the filters out of an address; a reason that does not exist filters nothing. */
export function filterOf(query: Query): DeadLetterFilter {
  const filter: Record<string, string> = {};
  for (const name of filterNames) {
    const value = query[name];
    if (value && (name !== 'reason' || value in deadReasons)) filter[name] = value;
  }
  return filter;
}

/** What a group is called in the address, so that the open one can be linked to. */
export function groupKey(group: Pick<DeadLetterGroup, 'subscription_id' | 'reason'>): string {
  return `${group.subscription_id ?? ''}.${group.reason ?? ''}`;
}

/** The dead letters of one group, within the filters of the page. */
export function groupFilter(filter: DeadLetterFilter, group: DeadLetterGroup): DeadLetterFilter {
  return { ...filter, subscription_id: group.subscription_id, reason: group.reason };
}

/** How many dead letters the groups hold together. */
export function total(groups: readonly DeadLetterGroup[]): number {
  return groups.reduce((sum, group) => sum + group.count, 0);
}

import type { Query } from '$lib/router';

/** The filters of the page, as the address and the API call them. */
export const filterNames = ['type', 'source', 'subject', 'after', 'before'] as const;

/** The part of the address's query that the API understands. */
export function searchOf(query: Query): Partial<Record<(typeof filterNames)[number] | 'cursor', string>> {
  const { type, source, subject, after, before, cursor } = query;
  return { type, source, subject, after, before, cursor };
}

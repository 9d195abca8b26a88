import type { Filter } from '$lib/api';

/** The filter dialects, each with an example to start from. */
export const dialects: readonly { name: string; about: string; example: Filter }[] = [
  { name: 'exact', about: 'attributes equal a value', example: { exact: { subject: 'order-1' } } },
  { name: 'prefix', about: 'attributes begin with a value', example: { prefix: { subject: 'eu-' } } },
  { name: 'suffix', about: 'attributes end with a value', example: { suffix: { type: '.created' } } },
  {
    name: 'all',
    about: 'every one of these matches',
    example: { all: [{ prefix: { subject: 'eu-' } }, { suffix: { type: '.created' } }] },
  },
  {
    name: 'any',
    about: 'at least one of these matches',
    example: { any: [{ exact: { subject: 'order-1' } }, { exact: { subject: 'order-2' } }] },
  },
  { name: 'not', about: 'this does not match', example: { not: { prefix: { subject: 'test-' } } } },
  {
    name: 'data',
    about: 'JSON data fulfils conditions',
    example: { data: { '/order/total': { gte: 100 } } },
  },
  {
    name: 'sql',
    about: 'a CloudEvents SQL expression is true',
    example: { sql: "type LIKE 'com.example.%' AND EXISTS subject" },
  },
];

/** Filters as text to be edited; none are an empty text. */
export function filtersText(filters: readonly Filter[]): string {
  return filters.length === 0 ? '' : JSON.stringify(filters, null, 2);
}

/** Reads the edited text. What it lacks is said in words; what filters mean is left to the API. */
export function parseFilters(text: string): { filters: Filter[] } | { wrong: string } {
  if (text.trim() === '') return { filters: [] };
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value)) return { wrong: 'must be a JSON array: [ … ]' };
    return { filters: value as Filter[] };
  } catch (error) {
    return { wrong: `is not JSON yet: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** The text with one more filter; unchanged while it can't be read. */
export function withFilter(text: string, filter: Filter): string {
  const parsed = parseFilters(text);
  return 'filters' in parsed ? filtersText([...parsed.filters, filter]) : text;
}

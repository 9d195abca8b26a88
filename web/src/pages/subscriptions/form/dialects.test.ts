import { describe, expect, it } from 'vitest';
import { dialects, filtersText, parseFilters, withFilter } from './dialects';

describe('filters as text', () => {
  it('has an example for each of the dialects', () => {
    expect(dialects.map((dialect) => dialect.name)).toEqual([
      'exact',
      'prefix',
      'suffix',
      'all',
      'any',
      'not',
      'data',
      'sql',
    ]);
    for (const { name, example } of dialects) expect(Object.keys(example)).toEqual([name]);
  });

  it('comes back as it went', () => {
    const filters = dialects.map((dialect) => dialect.example);
    expect(parseFilters(filtersText(filters))).toEqual({ filters });
    expect(filtersText([])).toBe('');
    expect(parseFilters('  ')).toEqual({ filters: [] });
  });

  it('says why it can not be read, and then adds nothing to it', () => {
    expect(parseFilters('{"exact":{}}')).toEqual({ wrong: 'must be a JSON array: [ … ]' });
    expect(parseFilters('[')).toHaveProperty('wrong', expect.stringContaining('is not JSON yet'));
    expect(withFilter('[', { exact: { type: 'a' } })).toBe('[');
  });

  it('grows by one filter', () => {
    const text = withFilter(withFilter('', { exact: { type: 'a' } }), { not: { prefix: { subject: 'b' } } });
    expect(parseFilters(text)).toEqual({
      filters: [{ exact: { type: 'a' } }, { not: { prefix: { subject: 'b' } } }],
    });
  });
});

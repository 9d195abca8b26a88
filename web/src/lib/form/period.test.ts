import { afterEach, describe, expect, it } from 'vitest';
import { fromInput, toInput } from './period';

const zone = process.env['TZ'];
afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

describe('a bound of a period', () => {
  it('is shown in local time and kept in UTC', () => {
    process.env['TZ'] = 'Europe/Berlin';
    expect(toInput('2026-07-01T06:05:00Z')).toBe('2026-07-01T08:05');
    expect(fromInput('2026-07-01T08:05')).toBe('2026-07-01T06:05:00.000Z');
  });

  it('comes back as it was written, even where the offset had seconds', () => {
    // Local mean time of Berlin was 53 min 28 s ahead of Greenwich until 1893.
    process.env['TZ'] = 'Europe/Berlin';
    expect(toInput(fromInput('1890-01-01T12:00'))).toBe('1890-01-01T12:00');
    expect(toInput(fromInput('0202-01-01T12:00'))).toBe('0202-01-01T12:00');
  });

  it('is none where the address or the field holds none', () => {
    expect([toInput(undefined), toInput('yesterday')]).toEqual(['', '']);
    expect([fromInput(''), fromInput('yesterday')]).toEqual([undefined, undefined]);
  });
});

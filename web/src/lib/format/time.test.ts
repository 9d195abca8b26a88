import { describe, expect, it } from 'vitest';
import { countdown, duration, exactTime, fullTime, relativeTime } from './time';

const at = '2026-11-21T08:00:00.000000Z';
const base = Date.parse(at);

describe('relative time', () => {
  it.each([
    [0, 'just now'],
    [4_999, 'just now'],
    [5_000, '5 s ago'],
    [59_999, '59 s ago'],
    [60_000, '1 min ago'],
    [3_600_000, '1 h ago'],
    [47 * 3_600_000, '47 h ago'],
    [48 * 3_600_000, '2 d ago'],
  ])('%i ms later is %s', (later, text) => {
    expect(relativeTime(at, base + later)).toBe(text);
  });

  it('speaks of what is to come', () => {
    expect(relativeTime(at, base - 125_000)).toBe('in 2 min');
  });
});

describe('countdown', () => {
  it.each([
    [0, 'now'],
    [-5_000, 'now'],
    [1, 'in 1 s'],
    [59_000, 'in 59 s'],
    [59_001, 'in 1 min 00 s'],
    [245_000, 'in 4 min 05 s'],
    [2 * 3_600_000 + 61_000, 'in 2 h 01 min'],
    [86_400_000 + 3_600_000, 'in 1 d 01 h'],
  ])('%i ms before is %s', (before, text) => {
    expect(countdown(at, base - before)).toBe(text);
  });
});

describe('duration', () => {
  it.each([
    [0.42, '0.4 ms'],
    [9.94, '9.9 ms'],
    [9.96, '10 ms'],
    [999, '999 ms'],
    [1_234, '1.23 s'],
    [15_040, '15 s'],
    [90_000, '1.5 min'],
    [5_400_000, '1.5 h'],
    [129_600_000, '1.5 d'],
  ])('%d ms is %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

describe('exact time', () => {
  it('is sortable and in the person’s zone', () => {
    expect(exactTime(at, 'Europe/Berlin')).toBe('2026-11-21 09:00:00');
  });

  it('keeps every digit the API gave, for the tooltip', () => {
    expect(fullTime('2026-11-21T08:00:00.123456Z', 'UTC')).toBe(
      '2026-11-21 08:00:00 UTC (2026-11-21T08:00:00.123456Z)',
    );
  });
});

import { describe, expect, it } from 'vitest';
import { formatWait, parseWait, parseWaits } from './wait';

describe('parseWait', () => {
  it('reads what people write', () => {
    expect(parseWait('0')).toBe(0);
    expect(parseWait('500 ms')).toBe(500);
    expect(parseWait('5s')).toBe(5_000);
    expect(parseWait('1.5 min')).toBe(90_000);
    expect(parseWait('1h 30m')).toBe(5_400_000);
    expect(parseWait('2D')).toBe(172_800_000);
  });

  it('takes no number without a unit, for 5 could be anything', () => {
    for (const text of ['5', '', 's', '-5s', '5 weeks', '5s later'])
      expect(parseWait(text), text).toBeUndefined();
  });
});

describe('formatWait', () => {
  it('loses nothing and is read back', () => {
    for (const ms of [0, 1, 500, 5_000, 90_000, 300_000, 7_200_000, 86_400_000, 90_061_001])
      expect(parseWait(formatWait(ms)), formatWait(ms)).toBe(ms);
    expect(formatWait(300_000)).toBe('5m');
    expect(formatWait(90_000)).toBe('90s');
  });
});

describe('parseWaits', () => {
  it('reads a schedule and names what is wrong in it', () => {
    expect(parseWaits('0, 5s,\n5m,')).toEqual({ waits: [0, 5_000, 300_000] });
    expect(parseWaits('0, soon, 5m')).toEqual({ wrong: 'soon' });
    expect(parseWaits('')).toEqual({ waits: [] });
  });
});

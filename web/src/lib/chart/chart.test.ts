import { describe, expect, it } from 'vitest';
import { axisTime } from './axis';
import { windowOf } from './window';

describe('a chart', () => {
  it('shows times of the day, or days where ticks are days apart', () => {
    const at = Date.parse('2026-11-21T08:05:00Z') / 1_000;
    expect(axisTime(at, 900, 'UTC')).toBe('08:05');
    expect(axisTime(at, 86_400, 'UTC')).toBe('Sat 21');
  });

  it('takes its window from the address and nothing else', () => {
    expect([windowOf('1h'), windowOf('7d'), windowOf('1y'), windowOf(undefined)]).toEqual([
      '1h',
      '7d',
      '24h',
      '24h',
    ]);
  });
});

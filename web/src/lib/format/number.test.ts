import { describe, expect, it } from 'vitest';
import { shortId } from './identifier';
import { bytes, compactCount, count, counted, percent } from './number';

describe('percent', () => {
  it.each([
    [1, '100 %'],
    [0, '0 %'],
    [0.98, '98 %'],
    [0.9876, '98.8 %'],
    // A single failure in a million must not look like none.
    [0.999999, '> 99.9 %'],
    [0.000001, '< 0.1 %'],
  ])('%d is %s', (share, text) => {
    expect(percent(share)).toBe(text);
  });
});

describe('counts', () => {
  it('groups digits', () => {
    expect(count(1_234_567)).toBe('1,234,567');
  });

  it('shortens only what is long', () => {
    expect([compactCount(9_999), compactCount(12_345)]).toEqual(['9,999', '12.3K']);
  });

  it('agrees with its noun', () => {
    expect([counted(1, 'attempt'), counted(0, 'attempt'), counted(2, 'delivery', 'deliveries')]).toEqual([
      '1 attempt',
      '0 attempts',
      '2 deliveries',
    ]);
  });

  it('names sizes', () => {
    expect([bytes(812), bytes(1_400), bytes(2_000_000)]).toEqual(['812 B', '1.4 kB', '2 MB']);
  });
});

describe('identifiers', () => {
  it('keeps the end, which differs', () => {
    expect(shortId('evt_01m7z1kxxce6jr81mzy6pm6n51')).toBe('evt_…y6pm6n51');
  });

  it('leaves short ones alone', () => {
    expect(shortId('default')).toBe('default');
  });
});

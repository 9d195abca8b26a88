import { describe, expect, it } from 'vitest';
import { administration, work } from './navigation';
import { KeyReader } from './shortcuts';

const read = (keys: string) => {
  const reader = new KeyReader();
  return [...keys].map((key) => reader.read(key)).at(-1);
};

describe('shortcuts', () => {
  it('go where the navigation goes', () => {
    expect(read('gd')).toEqual({ go: '#/deliveries' });
    expect(read('gx')).toBeUndefined();
  });

  it('need the g', () => {
    expect(read('d')).toBeUndefined();
    expect(read('gxd')).toBeUndefined();
  });

  it('find filters and help', () => {
    expect([read('/'), read('?')]).toEqual(['search', 'help']);
  });

  it('have a key of their own each', () => {
    const keys = [...work, ...administration].map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

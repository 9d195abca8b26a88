import { describe, expect, it } from 'vitest';
import { bytesOf, hexDump, shownBody } from './body';

describe('a body', () => {
  it('is shown as it is when it is text', () => {
    expect(shownBody('<h1>no</h1>', false)).toBe('<h1>no</h1>');
  });

  it('is a hex dump when it is none', () => {
    expect(shownBody('AP9QUQ==', true)).toBe(`000000  00 ff 50 51${' '.repeat(36)}  ..PQ`);
  });

  it('breaks after sixteen bytes', () => {
    expect(
      hexDump(new Uint8Array(17))
        .split('\n')
        .map((line) => line.slice(0, 6)),
    ).toEqual(['000000', '000010']);
  });

  it('is empty when it is no base64 after all', () => {
    expect(bytesOf('%')).toEqual(new Uint8Array());
  });
});

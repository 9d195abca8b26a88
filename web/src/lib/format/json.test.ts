import { describe, expect, it } from 'vitest';
import { indentJson, isJson } from './json';
import { memberText } from './member';

describe('indenting', () => {
  it('moves only white space', () => {
    const text = '{"amount":12345678901234567890.10,"rate":1.0,"list":[1,[2,{"a":null}]]}';
    expect(indentJson(text).replace(/\s/g, '')).toBe(text);
  });

  it('agrees with JSON.stringify where that loses nothing', () => {
    const value = { a: [1, { b: 'x' }], empty: {}, none: [], nested: { deep: { deeper: true } } };
    expect(indentJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
    expect(indentJson(JSON.stringify(value, null, 4))).toBe(JSON.stringify(value, null, 2));
  });

  it('leaves strings as they are', () => {
    const value = { text: 'a "quoted" {brace}, [bracket]: \\ and\ttab' };
    expect(JSON.parse(indentJson(JSON.stringify(value)))).toEqual(value);
  });

  it('knows JSON', () => {
    expect([isJson('1.0'), isJson('{'), isJson('')]).toEqual([true, false, false]);
  });
});

describe('a member’s text', () => {
  it('is exactly what stands there', () => {
    const json = '{ "id" : "1", "data" : {"n": 1.0, "big": 12345678901234567890, "s": "}\\"" } , "x": 1 }';
    expect(memberText(json, 'data')).toBe('{"n": 1.0, "big": 12345678901234567890, "s": "}\\"" }');
  });

  it.each([
    ['{"data":1.50}', '1.50'],
    ['{"data":"a\\"b"}', '"a\\"b"'],
    ['{"data":[]}', '[]'],
    ['{"a":{"data":1},"data":null}', 'null'],
    ['{"d\\u0061ta":true}', 'true'],
  ])('of %s is %s', (json, text) => {
    expect(memberText(json, 'data')).toBe(text);
  });

  it.each(['{"a":{"data":1}}', '[]', '', '{', '{"data"', '{]', 'null'])('is not found in %s', (json) => {
    expect(memberText(json, 'data')).toBeUndefined();
  });
});

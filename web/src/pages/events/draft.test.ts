import { describe, expect, it } from 'vitest';
import { dataOf } from './data';
import { cloudEventOf, faultsOf, newDraft } from './draft';

const now = new Date('2026-11-21T08:00:00Z');
const eventOf = (change: Partial<ReturnType<typeof newDraft>>) =>
  cloudEventOf({ ...newDraft(), ...change }, () => 'new', now);

describe('a test event', () => {
  it('carries its data byte for byte', () => {
    expect(eventOf({ data: '{"n": 1.0}' })).toContain('"data":{"n": 1.0}}');
  });

  it('gets an id only if it has none', () => {
    expect(JSON.parse(eventOf({})).id).toBe('new');
    expect(JSON.parse(eventOf({ id: 'mine' })).id).toBe('mine');
  });

  it('leaves out what is empty', () => {
    expect(Object.keys(JSON.parse(eventOf({ data: ' ' })))).toEqual([
      'specversion',
      'id',
      'source',
      'type',
      'time',
    ]);
  });

  it('takes text and further attributes', () => {
    const event = JSON.parse(
      eventOf({ contentType: 'text/plain', data: 'hi "you"', more: ' region=eu\n\nnote=a=b ' }),
    );
    expect(event).toMatchObject({
      datacontenttype: 'text/plain',
      data: 'hi "you"',
      region: 'eu',
      note: 'a=b',
    });
  });

  it('is checked before it is sent', () => {
    expect(faultsOf({ ...newDraft(), data: '{' }).data).toBeDefined();
    expect(faultsOf({ ...newDraft(), data: '{', contentType: 'text/plain' }).data).toBeUndefined();
    expect(faultsOf({ ...newDraft(), more: 'Bad-Name=1' }).more).toContain('Bad-Name=1');
    expect(faultsOf(newDraft())).toEqual({});
  });
});

describe('an event’s data', () => {
  it.each([
    ['{"id":"1"}', 'none', '', 0],
    ['{"data":{"a":1.0}}', 'json', '{\n  "a": 1.0\n}', 9],
    ['{"data":"text"}', 'json', '"text"', 6],
    ['{"datacontenttype":"text/plain","data":"h\\u00e9"}', 'text', 'hé', 3],
    ['{"data_base64":"AP8="}', 'binary', `000000  00 ff${' '.repeat(42)}  ..`, 2],
  ])('of %s is %s', (event, kind, text, size) => {
    expect(dataOf(event)).toEqual({ kind, text, size });
  });
});

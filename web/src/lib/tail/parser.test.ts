import { describe, expect, it } from 'vitest';
import { StreamParser, type Message } from './parser';

const stream = ': hello\n\nid: evt_1\nevent: event\ndata: {"a":1}\n\nid: evt_2\ndata: one\ndata: two\n\n';
const expected: Message[] = [
  { event: 'event', data: '{"a":1}', id: 'evt_1' },
  { event: 'message', data: 'one\ntwo', id: 'evt_2' },
];

const readAll = (pieces: Iterable<string>): Message[] => {
  const parser = new StreamParser();
  return [...pieces].flatMap((piece) => parser.read(piece));
};

describe('an event stream', () => {
  it('is read at once', () => {
    expect(readAll([stream])).toEqual(expected);
  });

  it('is read the same wherever it is cut and however its lines end', () => {
    for (const text of [stream, stream.replaceAll('\n', '\r\n'), stream.replaceAll('\n', '\r')]) {
      expect(readAll([...text, '\n'])).toEqual(expected);
      for (let at = 1; at < text.length; at += 1)
        expect(readAll([text.slice(0, at), text.slice(at), '\n']), `cut at ${at}`).toEqual(expected);
    }
  });

  it('keeps the identifier until the next one', () => {
    expect(readAll(['id: 7\ndata: a\n\ndata: b\n\n']).map(({ id }) => id)).toEqual(['7', '7']);
  });

  it('tells nothing of a message without data, and forgets its name', () => {
    expect(readAll(['event: ping\n\ndata: x\n\n'])).toEqual([{ event: 'message', data: 'x', id: '' }]);
  });

  it('holds a message back until its empty line', () => {
    expect(readAll(['data: x\n'])).toEqual([]);
  });

  it('takes one space and no more after the colon, and a field without one', () => {
    expect(readAll(['data:  x\ndata\n\n'])).toEqual([{ event: 'message', data: ' x\n', id: '' }]);
  });

  it('skips a byte order mark, unknown fields and identifiers with a NUL', () => {
    expect(readAll(['\uFEFFid: a\0b\nretry: 5\ndata: x\n\n'])).toEqual([
      { event: 'message', data: 'x', id: '' },
    ]);
  });
});

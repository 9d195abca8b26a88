import { expect, it } from 'vitest';
import { ProblemError } from '$lib/api';
import { newReplay, requestOf } from './request';

const now = Date.parse('2026-11-21T12:00:00Z');

it('starts with what was missed in the last day, until now', () => {
  expect(requestOf(newReplay(now))).toEqual({
    after: '2026-11-20T12:00:00.000Z',
    types: [],
    only: 'missing',
    rate_per_second: 50,
  });
});

it('asks for what was written', () => {
  const draft = {
    ...newReplay(now),
    types: ' com.example.a \n\ncom.example.b',
    only: 'all' as const,
    rate: '0.5',
  };
  expect(requestOf({ ...draft, before: draft.after })).toMatchObject({
    before: '2026-11-20T12:00:00.000Z',
    types: ['com.example.a', 'com.example.b'],
    only: 'all',
    rate_per_second: 0.5,
  });
});

it('names each field that can not be read', () => {
  const wrong = () => requestOf({ ...newReplay(now), after: '', rate: 'fast' });
  expect(wrong).toThrow(ProblemError);
  try {
    wrong();
  } catch (error) {
    expect((error as ProblemError).errors.map(({ pointer }) => pointer)).toEqual([
      '/after',
      '/rate_per_second',
    ]);
  }
});

import { describe, expect, it } from 'vitest';
import { asNoAnswer, asProblem, ProblemError, problemOf } from './problem';

describe('the error of an answer', () => {
  it('is the problem it carries', async () => {
    const body = {
      type: 'https://waypost.dev/errors#invalid_event',
      title: 'Not a CloudEvent',
      status: 400,
      detail: '1 fault was found',
      code: 'invalid_event',
      errors: [{ pointer: '/id', detail: 'must not be empty' }],
    };
    const problem = await problemOf(new Response(JSON.stringify(body), { status: 400 }));
    expect(problem).toMatchObject({
      status: 400,
      code: 'invalid_event',
      title: 'Not a CloudEvent',
      detail: '1 fault was found',
      errors: [{ pointer: '/id', detail: 'must not be empty' }],
    });
  });

  it.each(['<h1>Bad gateway</h1>', '', 'null', '"text"', '{"message":"x"}'])(
    'is made up for a body of %s',
    async (text) => {
      const problem = await problemOf(new Response(text, { status: 502, statusText: 'Bad Gateway' }));
      expect(problem).toMatchObject({ status: 502, code: 'unknown', title: 'Bad Gateway', errors: [] });
      expect(problem.detail).toContain('502');
    },
  );
});

describe('whatever was thrown', () => {
  it('stays itself when it is a problem', () => {
    const problem = new ProblemError(409, 'conflict', 'Conflict', 'no');
    expect(asProblem(problem)).toBe(problem);
  });

  it('is unreachable when fetch found nobody', () => {
    expect(asNoAnswer(new TypeError('Failed to fetch'))).toMatchObject({ status: 0, code: 'unreachable' });
  });

  it('is not blamed on Waypost when the pages are at fault', () => {
    const fault = new TypeError("can't access property of undefined");
    expect(asProblem(fault)).toMatchObject({ code: 'unknown', detail: fault.message });
  });

  it('keeps its message otherwise', () => {
    expect(asProblem(new Error('odd')).detail).toBe('odd');
    expect(asProblem('odder').detail).toBe('odder');
  });
});

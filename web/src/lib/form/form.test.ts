import { describe, expect, it } from 'vitest';
import { ProblemError } from '$lib/api';
import { fieldOf, FormState, within } from './form.svelte';
import { fromInput, toInput } from './period';

const pointers = ['/sink', '/config/retry', '/config/retry/jitter', '/types'];

describe('the field of a problem', () => {
  it.each([
    ['/sink', '/sink'],
    ['/types/0', '/types'],
    ['/config/retry/jitter', '/config/retry/jitter'],
    ['/config/retry/schedule_ms/2', '/config/retry'],
    ['/sinkcredential', undefined],
    ['/config', undefined],
    ['', undefined],
  ])('%s shows at %s', (pointer, field) => {
    expect(fieldOf({ pointer, detail: '' }, pointers)).toBe(field);
  });
});

describe('a form', () => {
  const problem = new ProblemError(400, 'invalid_request', 'Not valid', 'Two faults', [
    { pointer: '/sink', detail: 'must be a URL' },
    { pointer: '/elsewhere', detail: 'is odd' },
  ]);

  it('shows problems at their field and the rest apart', async () => {
    const form = new FormState();
    const take = form.show('/sink');
    expect(await form.run(() => Promise.reject(problem))).toBe(false);
    expect(form.errorAt('/sink')).toBe('must be a URL');
    expect(form.elsewhere.map(({ detail }) => detail)).toEqual(['is odd']);
    take();
    expect(form.elsewhere).toHaveLength(2);
  });

  it('forgets problems on the next try and runs once at a time', async () => {
    const form = new FormState();
    await form.run(() => Promise.reject(problem));
    let runs = 0;
    const action = async () => void (runs += 1);
    expect(await Promise.all([form.run(action), form.run(action)])).toEqual([true, false]);
    expect([runs, form.problem, form.isBusy]).toEqual([1, undefined, false]);
  });
});

describe('a period', () => {
  it('goes from the address into the input and back', () => {
    const at = '2026-11-21T08:15:00.000Z';
    expect(fromInput(toInput(at))).toBe(at);
    expect([toInput(undefined), toInput('x'), fromInput(''), fromInput('x')]).toEqual([
      '',
      '',
      undefined,
      undefined,
    ]);
  });
});

describe('within', () => {
  it('says where inside the field', () => {
    expect(within({ pointer: '/filters/0/exact', detail: 'is empty' }, '/filters')).toBe('0/exact: is empty');
    expect(within({ pointer: '/h/A~1b', detail: 'is given twice' }, '/h')).toBe('A/b: is given twice');
    expect(within({ pointer: '/sink', detail: 'is no URL' }, '/sink')).toBe('is no URL');
  });
});

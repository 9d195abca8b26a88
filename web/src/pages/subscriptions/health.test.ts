import { describe, expect, it } from 'vitest';
import type { SubscriptionStats } from '$lib/api';
import { health, hintOf, silenceOf, worstLimit } from './health';

const stats = (success_rate: number | null): SubscriptionStats => ({
  subscription_id: 'sub_a',
  attempt_count: 100,
  failed_count: 1,
  delivered_count: 99,
  dead_lettered_count: 0,
  success_rate,
  end_to_end_p99_ms: null,
});

describe('health', () => {
  it('says nothing without attempts', () => {
    expect(health(undefined)).toBeUndefined();
    expect(health(stats(null))).toBeUndefined();
  });

  it('is a word, worse the less is delivered', () => {
    expect(health(stats(1))).toMatchObject({ text: 'Healthy, 100 %', tone: 'good' });
    expect(health(stats(0.95))).toMatchObject({ text: 'Wavering, 95 %', tone: 'warn' });
    expect(health(stats(0))).toMatchObject({ text: 'Failing, 0 %', tone: 'bad' });
  });
});

it('only a list of the worst that is not full tells who made no attempt', () => {
  expect(silenceOf(undefined)).toBe('–');
  expect(silenceOf(worstLimit - 1)).toBe('no attempts');
  expect(silenceOf(worstLimit)).toBe('–');
});

it('a subscription that does not simply deliver says why', () => {
  expect(hintOf({ status: 'active' })).toBeUndefined();
  expect(hintOf({ status: 'disabled', disabled_reason: 'gone' })).toMatch(/410 Gone.*Resume it/);
  expect(hintOf({ status: 'disabled', disabled_reason: 'failing' })).toMatch(/failed for days.*replayed/);
  const health = { failure_count: 10, last_failed_at: '2026-11-21T08:00:00Z' };
  expect(hintOf({ status: 'active', health: { ...health, state: 'failing' } })).toBeUndefined();
  expect(hintOf({ status: 'active', health: { ...health, state: 'open', last_status: 502 } })).toMatch(
    /answered 502/,
  );
  expect(
    hintOf({ status: 'active', health: { ...health, state: 'half_open', last_error: 'reset' } }),
  ).toMatch(/\(reset\)/);
});

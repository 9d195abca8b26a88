import { expect, it } from 'vitest';
import { oldestWaiting, waitingCount } from './waiting';

const now = Date.parse('2026-11-21T08:05:00Z');
const oldest_waiting_at = '2026-11-21T08:00:00Z';

it('what waits is counted, and its oldest is as old as it is', () => {
  const waiting = { count: 12, is_capped: false, oldest_waiting_at };
  expect([waitingCount(waiting), oldestWaiting(waiting, now)]).toEqual(['12', '5 min']);
});

it('where counting stopped there are more, and an older one may be among them', () => {
  const waiting = { count: 10_000, is_capped: true, oldest_waiting_at };
  expect([waitingCount(waiting), oldestWaiting(waiting, now)]).toEqual(['10,000+', 'at least 5 min']);
});

it('nothing waits', () => {
  expect(oldestWaiting({ count: 0, is_capped: false }, now)).toBe('–');
});

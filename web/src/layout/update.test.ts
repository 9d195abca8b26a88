import { afterEach, expect, it, vi } from 'vitest';
import { toasts } from '$lib/toast';
import { tellOfUpdates } from './update';

afterEach(() => (toasts.list = []));

it('a part that can not be loaded is told of once, with a way on', () => {
  const target = new EventTarget();
  const reload = vi.fn();
  const stop = tellOfUpdates(target, reload);
  const event = new Event('vite:preloadError', { cancelable: true });
  target.dispatchEvent(event);
  target.dispatchEvent(new Event('vite:preloadError'));
  expect(toasts.list.map(({ title }) => title)).toEqual(['Waypost was updated']);
  // The import still fails, so that what waits for it recovers.
  expect(event.defaultPrevented).toBe(false);
  toasts.list[0]?.action?.run();
  expect(reload).toHaveBeenCalledOnce();
  stop();
});

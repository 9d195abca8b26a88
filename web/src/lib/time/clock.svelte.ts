import { createSubscriber } from 'svelte/reactivity';

// One timer for every relative time on the page, and none when there is no such time.
const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, 1_000);
  return () => clearInterval(timer);
});

/** The time now in milliseconds; whoever reads it in markup or an effect is updated every second. */
export function now(): number {
  subscribe();
  return Date.now();
}

import type { Tail } from '$lib/tail';

/** The browser's page, as far as it is needed here; tests bring their own. */
export type Visibility = Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>;

/**
 * Starts a tail and lets its connection go while nobody can see it: a browser has six for each host, and the server a number for all, so
 * tabs left open would shut others out. A person's own pause stays one. Returns what ends it.
 */
export function followWhileSeen(
  tail: Pick<Tail, 'state' | 'start' | 'pause' | 'close'>,
  page: Visibility = document,
): () => void {
  let isHeld = false;
  const look = () => {
    if (page.visibilityState === 'hidden') {
      if (tail.state === 'paused' || tail.state === 'refused') return;
      isHeld = true;
      tail.pause();
    } else if (isHeld) {
      isHeld = false;
      void tail.start();
    }
  };
  // Opened in the background it waits for being looked at.
  if (page.visibilityState === 'hidden') look();
  else void tail.start();
  page.addEventListener('visibilitychange', look);
  return () => {
    page.removeEventListener('visibilitychange', look);
    tail.close();
  };
}

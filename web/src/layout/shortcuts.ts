import { administration, linkTo, work } from './navigation';

/** What a key press means: go to a place, put the cursor into the first filter, show the list of shortcuts. */
export type Command = { go: string } | 'search' | 'help';

/** Reads shortcuts from a sequence of keys; `g` waits for the key after it. */
export class KeyReader {
  #isGoing = false;

  /** What a key means now, if anything. */
  read(key: string): Command | undefined {
    if (this.#isGoing) {
      this.#isGoing = false;
      const to = [...work, ...administration].find((destination) => destination.key === key);
      return to && { go: linkTo(to) };
    }
    if (key === 'g') this.#isGoing = true;
    if (key === '/') return 'search';
    if (key === '?') return 'help';
    return undefined;
  }
}

/** Whether a key press belongs to the page and not to a field, a menu or the browser. */
export function isForPage(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false;
  const target = event.target;
  return !(
    target instanceof Element && target.closest('input, textarea, select, [role="menu"], [role="dialog"]')
  );
}

const remembered = 'waypost.exact_times';

class TimePreference {
  #isExact = $state(false);

  /** Whether times are written out instead of "3 min ago". */
  get isExact(): boolean {
    return this.#isExact;
  }

  /** Reads what was remembered. */
  start(): void {
    try {
      this.#isExact = localStorage.getItem(remembered) === 'true';
    } catch {
      this.#isExact = false;
    }
  }

  /** Switches, and remembers. */
  choose(isExact: boolean): void {
    this.#isExact = isExact;
    try {
      localStorage.setItem(remembered, String(isExact));
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the page.
    }
  }
}

/** How a person wants to read times. */
export const timePreference = new TimePreference();

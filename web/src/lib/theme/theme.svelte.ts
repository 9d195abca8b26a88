/** What a person can choose: what the system says, or one of two. */
export type Theme = 'system' | 'light' | 'dark';

const remembered = 'waypost.theme';

/** Reads a stored choice; anything unknown is `system`. */
export function themeOf(text: string | null): Theme {
  return text === 'light' || text === 'dark' ? text : 'system';
}

class ThemeState {
  #chosen = $state<Theme>('system');
  #isDarkSystem = $state(false);

  /** The person's choice. */
  get chosen(): Theme {
    return this.#chosen;
  }

  /** Whether the page is dark now; charts draw in colours of their own. */
  get isDark(): boolean {
    return this.#chosen === 'dark' || (this.#chosen === 'system' && this.#isDarkSystem);
  }

  /** Applies the remembered choice and follows the system's. */
  start(): void {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    this.#isDarkSystem = dark.matches;
    dark.addEventListener('change', (change) => (this.#isDarkSystem = change.matches));
    this.choose(themeOf(read()));
  }

  /** Chooses and remembers. */
  choose(theme: Theme): void {
    this.#chosen = theme;
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
    try {
      localStorage.setItem(remembered, theme);
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the page.
    }
  }
}

function read(): string | null {
  try {
    return localStorage.getItem(remembered);
  } catch {
    return null;
  }
}

/** Light, dark, or as the system has it. */
export const theme = new ThemeState();

import { asProblem } from '$lib/api';

/** A message that says what happened. */
export interface Toast {
  id: number;
  kind: 'done' | 'failed';
  title: string;
  detail?: string;
  /** The problem's code, for a person who asks for help. */
  code?: string;
}

const shownMs = 6_000;

class Toasts {
  /** What is shown, oldest first. */
  list = $state.raw<readonly Toast[]>([]);
  #last = 0;

  /** Says that an action worked. */
  done(title: string, detail?: string): void {
    const toast = this.#show({ kind: 'done', title, detail });
    setTimeout(() => this.dismiss(toast), shownMs);
  }

  /** Says that an action failed, with the problem's detail and code. Stays until dismissed: it may have to be read out. */
  failed(title: string, error: unknown): void {
    const problem = asProblem(error);
    this.#show({ kind: 'failed', title, detail: problem.detail, code: problem.code });
  }

  /** Takes a message away. */
  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  #show(toast: Omit<Toast, 'id'>): number {
    this.#last += 1;
    // More than four at once hide the page they are about.
    this.list = [...this.list, { id: this.#last, ...toast }].slice(-4);
    return this.#last;
  }
}

/** Messages about what happened, read out by a live region. */
export const toasts = new Toasts();

/**
 * Runs an action and says what came of it: `await act('Redeliver', () => body(api.POST(…)), () => 'Redelivering dlv_…')`.
 * Returns what the action returned, or `undefined` after an error, which has then been shown.
 */
export async function act<T>(
  name: string,
  action: () => Promise<T>,
  done: (result: T) => string,
): Promise<T | undefined> {
  try {
    const result = await action();
    toasts.done(done(result));
    return result;
  } catch (error) {
    toasts.failed(`${name} failed`, error);
    return undefined;
  }
}

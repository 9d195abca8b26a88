import { asProblem } from '$lib/api';

/** A message that says what happened. */
export interface Toast {
  id: number;
  kind: 'done' | 'noted' | 'failed';
  title: string;
  detail?: string;
  /** The problem's code, for a person who asks for help. */
  code?: string;
  /** What a person can do about it; the message then stays until it is done or dismissed. */
  action?: { text: string; run: () => void };
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

  /** Says what the person did not ask for but has to know. Stays until dismissed; said once while it stands. */
  noted(title: string, detail?: string, action?: Toast['action']): void {
    if (this.list.some((toast) => toast.title === title)) return;
    this.#show({ kind: 'noted', title, detail, action });
  }

  /** Takes a message away. */
  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  #show(toast: Omit<Toast, 'id'>): number {
    this.#last += 1;
    const list = [...this.list, { id: this.#last, ...toast }];
    // More than four at once hide the page they are about. What waits for the person's deed is not pushed out by the rest.
    const shown = new Set(list.filter(({ action }) => action === undefined).slice(-4));
    this.list = list.filter((other) => other.action !== undefined || shown.has(other));
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

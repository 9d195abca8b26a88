import { getContext, setContext, untrack } from 'svelte';
import { asProblem, type FieldProblem, type ProblemError } from '$lib/api';

/** The field that shows a problem: the one with the longest pointer at or above the problem's. */
export function fieldOf(error: FieldProblem, pointers: readonly string[]): string | undefined {
  const at = error.pointer ?? error.parameter ?? error.header ?? '';
  let best: string | undefined;
  for (const pointer of pointers) {
    const isAbove = at === pointer || at.startsWith(`${pointer}/`);
    if (isAbove && (best === undefined || pointer.length > best.length)) best = pointer;
  }
  return best;
}

/** What is wrong, with the place inside the field where that is smaller than the field: `0/exact: …`. */
export function within(error: FieldProblem, pointer: string): string {
  const rest = error.pointer?.startsWith(`${pointer}/`) ? error.pointer.slice(pointer.length + 1) : '';
  return rest === '' ? error.detail : `${rest.replaceAll('~1', '/').replaceAll('~0', '~')}: ${error.detail}`;
}

/** A form's state: whether it is under way and what the API found wrong, field by field. */
export class FormState {
  problem = $state.raw<ProblemError | undefined>(undefined);
  isBusy = $state(false);
  #pointers = $state.raw<readonly string[]>([]);

  /** Tells the form that a field shows the problems at and below a pointer; returns how to take it back. */
  show(pointer: string): () => void {
    // Fields call this from an effect, which must not run again because of what it writes.
    untrack(() => (this.#pointers = [...this.#pointers, pointer]));
    return () => {
      untrack(() => (this.#pointers = this.#pointers.filter((other) => other !== pointer)));
    };
  }

  /** What is wrong at a field. */
  errorAt(pointer: string): string | undefined {
    const found = this.problem?.errors.filter((error) => fieldOf(error, this.#pointers) === pointer) ?? [];
    // Two fields of one sentence each read better than a list inside a form.
    return found.length === 0 ? undefined : found.map((error) => within(error, pointer)).join(' ');
  }

  /** What is wrong where no field shows it. */
  get elsewhere(): readonly FieldProblem[] {
    return this.problem?.errors.filter((error) => fieldOf(error, this.#pointers) === undefined) ?? [];
  }

  /** Runs the form's action once at a time; whether it worked. */
  async run(action: () => Promise<void>): Promise<boolean> {
    if (this.isBusy) return false;
    this.isBusy = true;
    this.problem = undefined;
    try {
      await action();
      return true;
    } catch (error) {
      this.problem = asProblem(error);
      return false;
    } finally {
      this.isBusy = false;
    }
  }
}

const key = Symbol('form');

/** Opens a form for the fields inside. */
export function openForm(): FormState {
  return setContext(key, new FormState());
}

/** The form around a field, if there is one. */
export function formAround(): FormState | undefined {
  return getContext<FormState | undefined>(key);
}

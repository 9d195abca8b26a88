import { session } from '$lib/session';

/** What a person is asked before something that can't be taken back. */
export interface Question {
  title: string;
  /** What will happen, in plain words, with numbers. */
  body: string;
  /** The button: a verb ("Purge 312 dead letters"). */
  action: string;
  /** Red button, for what destroys. */
  isDangerous?: boolean;
  /** The word to type before the button works, for what destroys much. */
  typed?: string;
}

class Confirmation {
  /** What is being asked; shown by the layout's `ConfirmDialog`. */
  question = $state.raw<Question | undefined>(undefined);
  #answer: ((yes: boolean) => void) | undefined;
  /** Who was asked, about which tenant. */
  #situation = '';

  /** Asks; a question that is still open counts as answered no. */
  ask(question: Question): Promise<boolean> {
    this.#answer?.(false);
    this.question = question;
    this.#situation = session.situation;
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  /** Answers the open question. A yes counts only where it was asked: for another tenant or person it is a no. */
  settle(yes: boolean): void {
    this.#answer?.(yes && this.#situation === session.situation);
    this.#answer = undefined;
    this.question = undefined;
  }
}

/** The one open question. */
export const confirmation = new Confirmation();

/** Asks and waits: `if (await confirm({ title, body, action })) …`. */
export function confirm(question: Question): Promise<boolean> {
  return confirmation.ask(question);
}

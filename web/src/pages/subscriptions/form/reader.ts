import { ProblemError, type FieldProblem } from '$lib/api';
import type { Pair } from './draft';
import { parseWait } from './wait';

/** Reads what a person wrote, and notes what can't be read at its member. */
export class Reader {
  #faults: FieldProblem[] = [];

  wait(pointer: string, text: string): number {
    const wait = parseWait(text);
    if (wait === undefined) this.fault(pointer, 'must be a time with its unit, such as 500ms, 15s or 5m');
    return wait ?? 0;
  }

  number(pointer: string, text: string): number {
    const value = Number(text.trim());
    if (text.trim() === '' || !Number.isFinite(value)) this.fault(pointer, 'must be a number');
    return value;
  }

  /** Numbers with commas or spaces between; none is an empty list. */
  numbers(pointer: string, text: string): number[] {
    const parts = text.split(/[\s,;]+/).filter((part) => part !== '');
    const wrong = parts.find((part) => !/^\d+$/.test(part));
    if (wrong !== undefined) this.fault(pointer, `“${wrong}” is no whole number`);
    return parts.map(Number);
  }

  pairs(pointer: string, list: readonly Pair[]): Record<string, string> {
    const record: Record<string, string> = {};
    for (const { name, value } of list) {
      const key = name.trim();
      // A row that was added and left empty means nothing.
      if (key === '' && value.trim() === '') continue;
      if (key === '') this.fault(pointer, `needs a name for the value “${value.trim()}”`);
      else if (key in record) this.fault(`${pointer}/${escapePointer(key)}`, 'is given twice');
      else record[key] = value.trim();
    }
    return record;
  }

  fault(pointer: string, detail: string): void {
    this.#faults.push({ pointer, detail });
  }

  /** Throws what was noted, as if the API had refused it. */
  finish(): void {
    if (this.#faults.length === 0) return;
    const detail = 'Some fields can’t be read; nothing was sent.';
    throw new ProblemError(0, 'invalid_request', 'Not sent', detail, this.#faults);
  }
}

/** A name as a part of a JSON Pointer (RFC 6901). */
export function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

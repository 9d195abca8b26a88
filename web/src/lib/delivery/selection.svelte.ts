import { SvelteSet } from 'svelte/reactivity';

/** The rows of a list that a person has marked. Rows that left the list do not count any more. */
export class Selection<Row> {
  readonly #marked = new SvelteSet<string>();
  readonly #rows: () => readonly Row[];
  readonly #key: (row: Row) => string;

  constructor(rows: () => readonly Row[], key: (row: Row) => string) {
    this.#rows = rows;
    this.#key = key;
  }

  /** The marked rows, in the order of the list. */
  get rows(): readonly Row[] {
    return this.#rows().filter((row) => this.has(row));
  }

  /** Whether all rows are marked, none, or some. */
  get extent(): 'none' | 'some' | 'all' {
    const count = this.rows.length;
    return count === 0 ? 'none' : count === this.#rows().length ? 'all' : 'some';
  }

  /** Whether a row is marked. */
  has(row: Row): boolean {
    return this.#marked.has(this.#key(row));
  }

  /** Marks a row or takes its mark away. */
  toggle(row: Row): void {
    if (!this.#marked.delete(this.#key(row))) this.#marked.add(this.#key(row));
  }

  /** Marks every row, or none if all were. */
  toggleAll(): void {
    const isAll = this.extent === 'all';
    this.clear();
    if (!isAll) for (const row of this.#rows()) this.#marked.add(this.#key(row));
  }

  /** Takes every mark away. */
  clear(): void {
    this.#marked.clear();
  }
}

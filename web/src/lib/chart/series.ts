import { count } from '$lib/format';

/** One line of a chart. */
export interface Series {
  name: string;
  /** A point nobody looked at is null: a gap, not a zero. */
  values: readonly (number | null)[];
  /** The line's colour: a token of app.css, without `--color-`. */
  color: string;
  /** The same colour as a class, for the legend. */
  swatch: string;
  isFilled?: boolean;
  /** What all points come to: what was counted adds up, what was seen at a time does not. A sum where it is not said. */
  total?: 'sum' | 'most';
  /** Where counting stopped: as much is "at least". */
  cap?: number;
}

/** What a line comes to at a point, or over all of them. */
export function shownAt(line: Series, point?: number): string {
  const value = point === undefined ? totalOf(line) : (line.values[point] ?? null);
  if (value === null) return '–';
  return line.cap !== undefined && value >= line.cap ? `${count(line.cap)}+` : count(value);
}

/** The points that have a gap on either side: no line leads to them, so they have to be drawn as dots. */
export function lonely(values: ArrayLike<number | null | undefined>): number[] {
  const isGap = (index: number) => typeof values[index] !== 'number';
  return Array.from(values, (_, index) => index).filter(
    (index) => !isGap(index) && isGap(index - 1) && isGap(index + 1),
  );
}

function totalOf({ values, total = 'sum' }: Series): number | null {
  const seen = values.filter((value) => value !== null);
  if (total === 'sum') return seen.reduce((sum, each) => sum + each, 0);
  return seen.length === 0 ? null : Math.max(...seen);
}

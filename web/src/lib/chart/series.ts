/** One line of a chart. */
export interface Series {
  name: string;
  values: readonly number[];
  /** The line's colour: a token of app.css, without `--color-`. */
  color: string;
  /** The same colour as a class, for the legend. */
  swatch: string;
  isFilled?: boolean;
}

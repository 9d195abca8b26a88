import type { StatsPoint } from '$lib/api';
import type { Series } from './series';

const countedUpTo = 10_000;

/** The line of what waited; none where nobody looked at any point, as for one subscription's own. */
export function waitingLine(points: readonly StatsPoint[]): Series | undefined {
  const values = points.map((point) => point.waiting_count);
  if (values.every((value) => value === null)) return undefined;
  return {
    name: 'Most at once',
    color: 'info',
    swatch: 'bg-info',
    isFilled: true,
    total: 'most',
    cap: countedUpTo,
    values,
  };
}

import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { compactCount } from '$lib/format';
import type { axisTime } from './axis';
import { lonely, type Series } from './series';

interface Drawing {
  series: readonly Series[];
  isDark: boolean;
  axisTime: typeof axisTime;
  /** Tells which point the pointer is over. */
  onpoint: (index: number | undefined) => void;
}

/** Makes a chart in an element. This module carries uPlot and is loaded late. */
export function plot(element: HTMLElement, { series, axisTime, onpoint }: Drawing): uPlot {
  const color = colors(element);
  const font = `11px ${getComputedStyle(element).fontFamily}`;
  const axis = {
    stroke: color('faint'),
    font,
    ticks: { show: false },
    grid: { stroke: color('line'), width: 1 },
  };
  return new uPlot(
    {
      width: Math.max(1, element.clientWidth),
      height: Math.max(1, element.clientHeight),
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
      scales: { y: { range: (_, __, max) => [0, Math.max(max * 1.08, 4)] } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 26,
          space: 72,
          values: (_, ticks) => ticks.map((tick) => axisTime(tick, (ticks[1] ?? tick) - (ticks[0] ?? 0))),
        },
        // Counts are whole: an increment below 1 would draw "0.5 events".
        {
          ...axis,
          size: 44,
          space: 30,
          incrs: wholeIncrements,
          values: (_, ticks) => ticks.map(compactCount),
        },
      ],
      series: [
        {},
        ...series.map((line) => ({
          label: line.name,
          stroke: color(line.color),
          width: 1.5,
          points: {
            show: false,
            size: 4,
            fill: color(line.color),
            filter: (chart: uPlot, index: number) => lonely(chart.data[index] ?? []),
          },
          ...(line.isFilled ? { fill: fade(color(line.color)) } : {}),
        })),
      ],
      hooks: { setCursor: [(chart) => onpoint(chart.cursor.idx ?? undefined)] },
    },
    [[], ...series.map(() => [])],
    element,
  );
}

const wholeIncrements = Array.from({ length: 12 }, (_, power) =>
  [1, 2, 5].map((step) => step * 10 ** power),
).flat();

/** Reads tokens as colours a canvas understands: `light-dark()` has to be resolved by an element. */
function colors(element: HTMLElement): (token: string) => string {
  return (token) => {
    const before = element.style.color;
    element.style.color = `var(--color-${token})`;
    const color = getComputedStyle(element).color;
    element.style.color = before;
    return color;
  };
}

function fade(color: string): string {
  return color.replace(/^rgb\((.*)\)$/, (_, channels: string) =>
    channels.includes(',') ? `rgba(${channels}, 0.1)` : `rgb(${channels} / 0.1)`,
  );
}

import type { StatsWindow } from '$lib/api';

/** The windows of statistics, as choices. */
export const windows: readonly { value: StatsWindow; text: string }[] = [
  { value: '1h', text: '1 h' },
  { value: '24h', text: '24 h' },
  { value: '7d', text: '7 d' },
];

/** The window the address names; 24 h where it names none. */
export function windowOf(text: string | undefined): StatsWindow {
  return windows.find((window) => window.value === text)?.value ?? '24h';
}

/** How often a window's numbers are asked for anew: a short one moves visibly, a long one does not. */
export const refreshMs: Record<StatsWindow, number> = { '1h': 5_000, '24h': 15_000, '7d': 60_000 };

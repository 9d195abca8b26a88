const units: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Reads a wait as people write it (`0`, `500 ms`, `5s`, `1h 30m`) into milliseconds; nothing if it is none. */
export function parseWait(text: string): number | undefined {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === '0') return 0;
  if (!/^(\d+(\.\d+)?\s*(ms|s|min|m|h|d)\s*)+$/.test(trimmed)) return undefined;
  let sum = 0;
  for (const [, number, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)/g))
    sum += Number(number) * (units[unit ?? ''] ?? 0);
  return Math.round(sum);
}

/** Writes a wait in the largest unit that says it exactly: `5s`, `90s`, `2h`. */
export function formatWait(ms: number): string {
  if (ms === 0) return '0';
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const size = units[unit] ?? 1;
    if (ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}

/** Reads waits separated by commas or lines; the index of the first that is none comes instead. */
export function parseWaits(text: string): { waits: number[] } | { wrong: string } {
  const parts = text
    .split(/[,;\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const waits: number[] = [];
  for (const part of parts) {
    const wait = parseWait(part);
    if (wait === undefined) return { wrong: part };
    waits.push(wait);
  }
  return { waits };
}

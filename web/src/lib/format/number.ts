const grouped = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** A count in full: `12,345`. */
export function count(value: number): string {
  return grouped.format(value);
}

/** A count for a narrow place: `12.3K`. */
export function compactCount(value: number): string {
  return value < 10_000 ? grouped.format(value) : short.format(value);
}

/** A count with its noun: `1 delivery`, `3 deliveries`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A share as a percentage that never rounds up to a perfect 100 % or down to 0 %. */
export function percent(share: number): string {
  if (share >= 1) return '100 %';
  if (share <= 0) return '0 %';
  const text = (share * 100).toFixed(1);
  if (text === '100.0') return '> 99.9 %';
  if (text === '0.0') return '< 0.1 %';
  return `${text.replace(/\.0$/, '')} %`;
}

/** A size in bytes: `812 B`, `1.4 kB`, `2 MB`. */
export function bytes(value: number): string {
  if (value < 1_000) return `${value} B`;
  if (value < 1_000_000) return `${Number((value / 1_000).toFixed(1))} kB`;
  return `${Number((value / 1_000_000).toFixed(1))} MB`;
}

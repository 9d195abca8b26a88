const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A moment as `2026-11-21 08:00:00` in the person's time zone. */
export function exactTime(at: string, timeZone?: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone });
  return format.format(new Date(at));
}

/** A moment with everything the API said, for a tooltip: local, then UTC to the microsecond. */
export function fullTime(at: string, timeZone?: string): string {
  const zone = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'short' })
    .formatToParts(new Date(at))
    .find((part) => part.type === 'timeZoneName')?.value;
  return `${exactTime(at, timeZone)} ${zone ?? ''} (${at})`;
}

/** How long ago or ahead a moment is: `just now`, `3 min ago`, `in 2 h`. */
export function relativeTime(at: string, now: number): string {
  const distance = new Date(at).getTime() - now;
  const size = Math.abs(distance);
  if (size < 5 * second) return 'just now';
  const text = coarse(size);
  return distance < 0 ? `${text} ago` : `in ${text}`;
}

/** What is left until a moment, to the second: `in 4 min 05 s`; `now` when it has passed. */
export function countdown(at: string, now: number): string {
  const left = new Date(at).getTime() - now;
  if (left <= 0) return 'now';
  const seconds = Math.ceil(left / second);
  if (seconds < 60) return `in ${seconds} s`;
  if (seconds < 3_600) return `in ${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  if (seconds < 86_400)
    return `in ${Math.floor(seconds / 3_600)} h ${pad(Math.floor((seconds % 3_600) / 60))} min`;
  return `in ${Math.floor(seconds / 86_400)} d ${pad(Math.floor((seconds % 86_400) / 3_600))} h`;
}

/** A duration at a readable precision: `0.8 ms`, `35 ms`, `1.2 s`, `4 min`, `2 h`. */
export function duration(ms: number): string {
  if (ms < 9.95) return `${trim(ms, 1)} ms`;
  if (ms < second) return `${Math.round(ms)} ms`;
  if (ms < minute) return `${trim(ms / second, ms < 10 * second ? 2 : 1)} s`;
  if (ms < hour) return `${trim(ms / minute, 1)} min`;
  if (ms < day) return `${trim(ms / hour, 1)} h`;
  return `${trim(ms / day, 1)} d`;
}

function coarse(size: number): string {
  if (size < minute) return `${Math.floor(size / second)} s`;
  if (size < hour) return `${Math.floor(size / minute)} min`;
  if (size < 2 * day) return `${Math.floor(size / hour)} h`;
  return `${Math.floor(size / day)} d`;
}

function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

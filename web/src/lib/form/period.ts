/** A moment of the URL (RFC 3339) for a `datetime-local` input, in the person's time zone. */
export function toInput(at: string | undefined): string {
  const date = new Date(at ?? '');
  if (Number.isNaN(date.getTime())) return '';
  // Part by part and not by `getTimezoneOffset`, which is in whole minutes: before standard time offsets had seconds.
  const day = [pad(date.getFullYear(), 4), pad(date.getMonth() + 1), pad(date.getDate())].join('-');
  return `${day}T${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

/** What a `datetime-local` input holds, for the URL and the API. */
export function fromInput(text: string): string | undefined {
  const date = new Date(text);
  return text === '' || Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0');
}

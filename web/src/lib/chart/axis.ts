/** A moment on a chart's axis: the time of day, or the day where ticks are that far apart. `stepSeconds` lies between two ticks. */
export function axisTime(seconds: number, stepSeconds: number, timeZone?: string): string {
  const date = new Date(seconds * 1_000);
  const options: Intl.DateTimeFormatOptions =
    stepSeconds >= 86_400
      ? { timeZone, weekday: 'short', day: 'numeric' }
      : { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  return new Intl.DateTimeFormat('en-GB', options).format(date);
}

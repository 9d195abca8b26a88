/** An identifier for a narrow place: its prefix and the end, which differs (`evt_…k084sn02`). */
export function shortId(id: string): string {
  const at = id.indexOf('_');
  const body = id.slice(at + 1);
  return body.length <= 10 ? id : `${id.slice(0, at + 1)}…${body.slice(-8)}`;
}

import { request } from './client';

/** One request that arrived at the built-in inbox of `--dev`. */
export interface Received {
  received_at: string;
  verified: boolean;
  error?: string;
  headers: Record<string, string>;
  event?: unknown;
  body?: string;
}

/** What arrived at an inbox, newest first. The inbox is for development and stands outside of the API's document. */
export async function readInbox(name: string): Promise<Received[]> {
  const response = await request(`/dev/inbox/${encodeURIComponent(name)}`);
  return ((await response.json()) as { data: Received[] }).data;
}

/** The address of an inbox, as a sink. */
export function inboxAddress(name: string): string {
  return `${location.origin}/dev/inbox/${name}`;
}

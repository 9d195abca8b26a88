import { bytesOf, hexDump } from '$lib/delivery';
import { indentJson, memberText } from '$lib/format';

/** An event's data for people: what kind it is, and its text. */
export interface ShownData {
  kind: 'none' | 'json' | 'text' | 'binary';
  text: string;
  /** Its size in bytes. */
  size: number;
}

/** Reads the data out of a structured CloudEvent's exact text, keeping numbers as they were sent. */
export function dataOf(cloudEvent: string): ShownData {
  const base64 = memberText(cloudEvent, 'data_base64');
  if (base64 !== undefined) {
    const bytes = bytesOf(JSON.parse(base64) as string);
    return { kind: 'binary', text: hexDump(bytes), size: bytes.length };
  }
  const data = memberText(cloudEvent, 'data');
  if (data === undefined) return { kind: 'none', text: '', size: 0 };
  const type = JSON.parse(memberText(cloudEvent, 'datacontenttype') ?? '"application/json"') as string;
  // Text data stands as a JSON string in a structured event; as data of a JSON type a string is JSON.
  if (data.startsWith('"') && !/[/+]json\b/.test(type)) {
    const text = JSON.parse(data) as string;
    return { kind: 'text', text, size: byteCount(text) };
  }
  return { kind: 'json', text: indentJson(data), size: byteCount(data) };
}

function byteCount(text: string): number {
  return new TextEncoder().encode(text).length;
}

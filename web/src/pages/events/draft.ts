import { isJson } from '$lib/format';

/** A test event as it is written in the form. */
export interface Draft {
  type: string;
  source: string;
  subject: string;
  /** Empty: one is made. */
  id: string;
  contentType: 'application/json' | 'text/plain';
  data: string;
  /** Further attributes, one `name=value` per line. */
  more: string;
}

/** What a new form holds. */
export function newDraft(): Draft {
  return {
    type: 'com.example.hello',
    source: '/dashboard',
    subject: '',
    id: '',
    contentType: 'application/json',
    data: '{\n  "greeting": "hello, world"\n}',
    more: '',
  };
}

/** What is wrong with a draft before it is sent, by field. */
export function faultsOf(draft: Draft): { data?: string; more?: string } {
  const faults: { data?: string; more?: string } = {};
  if (draft.contentType === 'application/json' && draft.data.trim() !== '' && !isJson(draft.data))
    faults.data = 'This is not JSON. Choose text/plain to send it as text.';
  const broken = linesOf(draft.more).find((line) => !/^[a-z0-9]+=/.test(line));
  if (broken !== undefined) faults.more = `“${broken}” is not name=value with a name of a–z and 0–9.`;
  return faults;
}

/** An identifier for a new event. Not `randomUUID`, which browsers have on https and this machine alone. */
export function newEventId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The structured CloudEvent, its data exactly as written. */
export function cloudEventOf(draft: Draft, newId: () => string, now: Date): string {
  const attributes: Record<string, string> = {
    specversion: '1.0',
    id: draft.id || newId(),
    source: draft.source,
    type: draft.type,
    time: now.toISOString(),
  };
  if (draft.subject) attributes['subject'] = draft.subject;
  for (const line of linesOf(draft.more)) {
    const at = line.indexOf('=');
    attributes[line.slice(0, at)] = line.slice(at + 1);
  }
  const isEmpty = draft.data.trim() === '';
  if (!isEmpty) attributes['datacontenttype'] = draft.contentType;
  const head = JSON.stringify(attributes);
  if (isEmpty) return head;
  const data = draft.contentType === 'application/json' ? draft.data.trim() : JSON.stringify(draft.data);
  return `${head.slice(0, -1)},"data":${data}}`;
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

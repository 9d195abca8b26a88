import type { Attempt } from '$lib/api';
import { errorClasses } from '$lib/ui/states';

/** A failure in plain words, and what to look at. */
export interface Explanation {
  text: string;
  hint: string;
}

// What an answer means to the one who has to mend it; a status that is not here is explained by its class.
const statuses: Record<number, Explanation> = {
  400: {
    text: 'Endpoint found the request malformed',
    hint: 'It may expect another content mode or another shape of data. Its answer usually says what.',
  },
  401: {
    text: 'Not authenticated',
    hint: 'The endpoint wants a credential or refused the one it got. Set the subscription’s credential, or check that the signature is verified with its present secret.',
  },
  403: {
    text: 'Not allowed',
    hint: 'The endpoint knows the sender and refuses it: check the credential’s rights, a firewall’s rules and the signature’s verification.',
  },
  404: {
    text: 'No such address',
    hint: 'Nothing answers under this path. Check the sink’s URL, and whether the endpoint was moved or not deployed yet.',
  },
  405: {
    text: 'Method not taken',
    hint: 'The address exists but takes no such method. Check the sink’s path and the subscription’s method.',
  },
  408: {
    text: 'Endpoint gave up waiting',
    hint: 'It did not receive the request in time. Look at proxies before it.',
  },
  409: {
    text: 'Conflict',
    hint: 'The endpoint could not take it in its present state. Its answer usually says why.',
  },
  410: {
    text: 'Gone',
    hint: 'The endpoint wants no more events, so the subscription was disabled. Resume it once the endpoint takes events again.',
  },
  413: {
    text: 'Too large',
    hint: 'The endpoint or a proxy before it takes no body of this size. Raise its limit, or send less data.',
  },
  415: {
    text: 'Content type not taken',
    hint: 'The endpoint does not take this media type. Try the other content mode: structured or binary.',
  },
  421: {
    text: 'Wrong server',
    hint: 'The host that answered is not responsible for this name. Check DNS and TLS routing.',
  },
  422: {
    text: 'Data not taken',
    hint: 'The endpoint read the event and refused what is in it. Its answer usually names the member.',
  },
  429: {
    text: 'Too many requests',
    hint: 'The endpoint asks for fewer. Waypost waits as long as its Retry-After says; set a rate limit on the subscription to stay below.',
  },
  500: {
    text: 'Endpoint failed',
    hint: 'Its code failed on this event. Look at its own log at this time, mend it, then redeliver.',
  },
  501: {
    text: 'Not implemented',
    hint: 'The endpoint does not support this request. Check the subscription’s method.',
  },
  502: {
    text: 'Bad gateway',
    hint: 'A proxy before the endpoint got no proper answer from it. Is the endpoint itself running?',
  },
  503: {
    text: 'Endpoint unavailable',
    hint: 'It is overloaded or down for maintenance. Waypost waits as long as its Retry-After says, then tries again.',
  },
  504: {
    text: 'Gateway timed out',
    hint: 'A proxy before the endpoint waited too long for it. Let the endpoint answer first and work afterwards.',
  },
};

/** Why an attempt failed and what to do about it; nothing if it did not fail. */
export function explain(outcome: Pick<Attempt, 'status' | 'error_class'>): Explanation | undefined {
  const { status, error_class } = outcome;
  if (error_class === undefined) return undefined;
  // An answer that began as a success and broke off is not explained by its status.
  const isAnswered = error_class === 'client' || error_class === 'server' || error_class === 'redirect';
  if (!isAnswered && status !== undefined && status < 300)
    return {
      text: `${errorClasses[error_class].text} within the answer`,
      hint: `The endpoint answered ${status}, but the rest of its answer never came. It may have taken the event: receivers drop a second one by its webhook-id.`,
    };
  return (isAnswered && status !== undefined ? statuses[status] : undefined) ?? errorClasses[error_class];
}

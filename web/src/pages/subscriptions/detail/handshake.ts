import type { HandshakeAnswer, HandshakeState } from '$lib/api';
import type { Shown } from '$lib/ui/states';

/** Where a handshake stands. */
export const handshakeStates: Record<HandshakeState, Shown> = {
  pending: { text: 'Not answered yet', tone: 'info', icon: 'clock' },
  allowed: { text: 'Agreed', tone: 'good', icon: 'check' },
  refused: { text: 'Refused', tone: 'bad', icon: 'ban' },
};

/** What was last heard of a sink, and what to do about it. */
export const answers: Record<HandshakeAnswer, string> = {
  allowed: 'The sink agrees to deliveries from here.',
  refused:
    'The sink’s answer does not allow this origin. Its owner must answer OPTIONS with WebHook-Allowed-Origin.',
  withheld:
    'The sink answered without saying whether it agrees. Its owner may still agree by the callback it was told.',
  unreachable: 'The sink could not be reached, or was too busy. It is asked again by itself.',
};

/** What becomes of a verification, in words. */
export function verified(isAllowed: boolean, rate: number | undefined, status: string): string {
  if (isAllowed) return rate === undefined ? 'It names no limit.' : `It allows ${rate} requests a minute.`;
  return status === 'unverified'
    ? 'Nothing is delivered until it agrees: its answer to OPTIONS must carry WebHook-Allowed-Origin.'
    : 'The CloudEvents webhook handshake wants the answer header WebHook-Allowed-Origin. Many sinks don’t know it; an active subscription stays active.';
}

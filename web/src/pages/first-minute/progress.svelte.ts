import type { EventReceipt, Subscription } from '$lib/api';

/** What step 2 leaves behind: the types are those subscribed to, whatever the field says by now. */
export type Subscribed = Pick<Subscription, 'id' | 'sink' | 'types'>;

/** What has been done of the first minute. */
export class Progress {
  sent = $state.raw<EventReceipt | undefined>(undefined);
  /** The type in the field: of the next event, and of the next subscription. */
  type = $state('com.example.hello');
  subscription = $state.raw<Subscribed | undefined>(undefined);
  /** The event whose arrival is watched: the last one, if it was sent when there was a subscription. */
  watched = $state.raw<EventReceipt | undefined>(undefined);
  /** The type of the last event, if there was a subscription and yet none took it. */
  missed = $state<string>();
  hasArrived = $state(false);

  /** Notes an event that was accepted, and its type. One that has a delivery can be seen to arrive. */
  noteSent(receipt: EventReceipt, type: string): void {
    this.sent = receipt;
    const isTaken = receipt.deliveries > 0;
    this.missed = isTaken || this.subscription === undefined ? undefined : type;
    this.watched = isTaken ? receipt : undefined;
    if (isTaken) this.hasArrived = false;
  }

  /** Notes the subscription that the next event goes to. */
  subscribe(subscription: Subscribed): void {
    this.subscription = subscription;
    this.missed = undefined;
  }

  /** The step that is next, 4 when all are done. */
  get step(): 1 | 2 | 3 | 4 {
    if (this.sent === undefined) return 1;
    if (this.subscription === undefined) return 2;
    return this.hasArrived ? 4 : 3;
  }
}

/** The name of the inbox in a sink of this installation, if it is one. */
export function inboxOf(sink: string | undefined): string | undefined {
  return sink?.match(/\/dev\/inbox\/([^/?#]+)$/)?.[1];
}

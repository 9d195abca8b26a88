import type { EventReceipt, Subscription } from '$lib/api';

/** What has been done of the first minute. */
export class Progress {
  sent = $state.raw<EventReceipt | undefined>(undefined);
  /** The events' type: what is sent is what is subscribed to. */
  type = $state('com.example.hello');
  subscription = $state.raw<Pick<Subscription, 'id' | 'sink'> | undefined>(undefined);
  /** The event whose arrival is watched: sent when there was a subscription. */
  watched = $state.raw<EventReceipt | undefined>(undefined);
  hasArrived = $state(false);

  /** Notes an event that was accepted. One that has a delivery can be seen to arrive. */
  noteSent(receipt: EventReceipt): void {
    this.sent = receipt;
    if (receipt.deliveries > 0) {
      this.watched = receipt;
      this.hasArrived = false;
    }
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

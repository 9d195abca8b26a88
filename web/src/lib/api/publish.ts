import { api, body } from './client';
import type { CloudEvent, EventReceipt } from './schema';

/** Posts one structured CloudEvent, byte for byte as written. */
export async function publishEvent(cloudEvent: string): Promise<EventReceipt> {
  const receipt = await body(
    api.POST('/v1/events', {
      headers: { 'Content-Type': 'application/cloudevents+json' },
      // The text is the body already: a parsed and printed event would have other bytes.
      body: cloudEvent as unknown as CloudEvent,
      bodySerializer: () => cloudEvent,
    }),
  );
  return receipt as EventReceipt;
}

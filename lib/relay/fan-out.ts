import type { Destination, Route } from '../ledger/rows/route.ts';
import type { Envelope } from '../message/envelope.ts';

/** The copies that go to one destination. */
export interface Shipment {
  /** How receipts name the destination: the subscriber of a queue, or the stream. */
  readonly to: string;
  readonly destination: Destination;
  /** Whether every subscriber behind it has been removed: then it may be gone, and may be gone rightly. */
  readonly removed: boolean;
  readonly envelopes: readonly Envelope[];
}

/**
 * Groups messages by where they go: one copy for each subscriber with a queue, and one for each stream, however many
 * subscribers share it. Keeps the messages' order.
 *
 * @param routes for each message, in the same order, the routes by which it is expected
 */
export function fanOut(envelopes: readonly Envelope[], routes: readonly (readonly Route[])[]): Shipment[] {
  const shipments = new Map<
    string,
    { to: string; destination: Destination; removed: boolean; envelopes: Envelope[] }
  >();
  for (const [index, envelope] of envelopes.entries()) {
    for (const { subscriber, destination, until } of routes[index] ?? []) {
      const to = destination.kind === 'queue' ? subscriber : destination.name;
      const key = `${destination.kind}#${to}#${destination.kind === 'queue' ? destination.url : ''}`;
      const shipment = shipments.get(key) ?? { to, destination, removed: true, envelopes: [] };
      shipments.set(key, shipment);
      shipment.removed &&= until !== undefined;
      if (shipment.envelopes.at(-1) !== envelope) shipment.envelopes.push(envelope);
    }
  }
  return [...shipments.values()];
}

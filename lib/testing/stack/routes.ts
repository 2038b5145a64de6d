import { toItem } from '../../aws/attribute.ts';
import type { SubscriberDefinition } from '../../contract/subscriber.ts';
import type { RouteRow } from '../../ledger/rows/route.ts';
import { type Destination, eventTypeKey, routeKey } from '../../ledger/rows/route.ts';
import type { Table } from '../engines/index.ts';

/** Writes who expects what, as the registrar does when a subscriber is deployed for the first time. */
export function writeRoutes(ledger: Table, subscriber: SubscriberDefinition, destination: Destination): void {
  const { name, consumes, deadline, effects } = subscriber;
  for (const { type, businessLine } of consumes) {
    const route: RouteRow = {
      type,
      subscriber: name,
      since: 0,
      destination,
      deadline,
      businessLine,
      ...(effects.length > 0 && { effects: true }),
    };
    for (const row of [{ ...routeKey(type, name), ...route }, eventTypeKey(type)]) {
      const item = toItem(row);
      ledger.write(ledger.keyOf(item), item);
    }
  }
}

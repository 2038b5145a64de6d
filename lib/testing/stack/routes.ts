import { toItem } from '../../aws/attribute.ts';
import type { SubscriberDefinition } from '../../contract/subscriber.ts';
import type { RouteRow } from '../../ledger/rows/route.ts';
import { type Destination, eventTypeKey, routeKey } from '../../ledger/rows/route.ts';
import type { Table } from '../engines/index.ts';

/** The stack and the resource that own a subscriber's routes, as CloudFormation names them. */
export function resourceOf(subscriber: string): { readonly StackId: string; readonly LogicalResourceId: string } {
  return { StackId: 'memory-stack', LogicalResourceId: `${subscriber}-routes` };
}

/** Writes who expects what, as the registrar does when a subscriber is deployed for the first time. */
export function writeRoutes(ledger: Table, subscriber: SubscriberDefinition, destination: Destination): void {
  const { name, consumes, deadline, effects, ordered } = subscriber;
  const { StackId, LogicalResourceId } = resourceOf(name);
  for (const { type, businessLine } of consumes) {
    const marks = { ...(effects.length > 0 && { effects: true as const }), ...(ordered && { ordered: true as const }) };
    const claim = { destination, deadline, businessLine, ...marks };
    const claims = [{ owner: `${StackId}|${LogicalResourceId}`, ...claim }];
    const route: RouteRow = { type, subscriber: name, since: 0, ...claim, claims, revision: 1 };
    for (const row of [{ ...routeKey(type, name), ...route }, eventTypeKey(type)]) {
      const item = toItem(row);
      ledger.write(ledger.keyOf(item), item);
    }
  }
}

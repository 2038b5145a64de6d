import { toItem } from '../../aws/expression.ts';
import type { RouteRow } from '../../ledger/rows/route.ts';
import { eventTypeKey, routeKey } from '../../ledger/rows/route.ts';
import { type System, streamOf } from '../system.ts';
import { LEDGER } from './ledger-row.ts';
import type { World } from './world.ts';

/**
 * Writes who expects what, as the registrar does when the subscribers are deployed for the first time.
 *
 * @param urlOf the queue of a subscriber
 */
export function writeRoutes(world: World, system: System, urlOf: (name: string) => string): void {
  const ledger = world.engines.dynamodb.table(LEDGER);
  for (const { name, consumes, deadline } of system.subscribers) {
    const stream = streamOf(system, name);
    const url = urlOf(name);
    for (const { type, businessLine } of consumes) {
      const route: RouteRow = {
        type,
        subscriber: name,
        since: 0,
        destination:
          stream === undefined ? { kind: 'queue', url } : { kind: 'stream', name: stream, retryQueueUrl: url },
        deadline,
        businessLine,
      };
      const key = toItem(routeKey(type, name));
      ledger.write(key, { ...key, ...toItem(route) });
      ledger.write(toItem(eventTypeKey(type)), toItem(eventTypeKey(type)));
    }
  }
}

import { WaybillError } from '../contract/errors.ts';
import type { Graph } from '../ledger/graph.ts';
import type { Route } from '../ledger/rows/route.ts';

/** No route of the ledger names the subscriber. */
export class UnknownSubscriber extends WaybillError {
  readonly code = 'unknown-subscriber';
}

/** What is asked for may be done at several subscribers, and none is named. */
export class SeveralSubscribers extends WaybillError {
  readonly code = 'several-subscribers';
}

/**
 * The routes of one subscriber.
 * @throws UnknownSubscriber when there are none
 */
export function routesOf({ routes, subscribers }: Graph, subscriber: string): Route[] {
  if (!subscribers.includes(subscriber)) {
    throw new UnknownSubscriber(
      `There is no subscriber '${subscriber}': there are ${subscribers.join(', ') || 'none'}`,
    );
  }
  return routes.filter((route) => route.subscriber === subscriber);
}

import { type Environment, quietly } from '../aws/environment.ts';
import type { Counts } from '../aws/invocation.ts';
import { METRICS } from '../contract/metrics.ts';
import type { ScaleSettings } from '../contract/scale.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Route } from '../ledger/rows/route.ts';
import { invocationsFor, isFarBelow } from './forecast.ts';
import { History } from './history.ts';

/**
 * Invocations at once that a subscriber's forecast asks for, by what its history says of this hour and the next. Tells where far less came
 * lately than was to be expected.
 *
 * @param routes of the subscriber
 * @returns `undefined` where too little is known
 */
export async function expectedFloor(
  ledger: Ledger,
  routes: readonly Route[],
  { perSecond }: NonNullable<ScaleSettings['forecast']>,
  counts: Counts,
): Promise<number | undefined> {
  const history = await History.of(ledger, routes);
  const lately = await history.lately();
  if (lately && isFarBelow(lately.came, lately.expected)) {
    counts.add('below-forecast');
    tellLow(ledger.environment, routes[0]?.subscriber ?? '', lately);
  }
  const { expectedSoon } = history;
  return expectedSoon === undefined ? undefined : invocationsFor(expectedSoon, perSecond);
}

function tellLow(
  environment: Environment,
  subscriber: string,
  { came, expected }: { readonly came: number; readonly expected: number },
): void {
  const cause = `${came} messages were committed in a quarter of an hour, and ${Math.round(expected)} were to be expected`;
  quietly(() => environment.log.error('far less than forecast', { subscriber, hop: 'producer', cause }));
  quietly(() => environment.metrics.count(METRICS.belowForecast, 1));
}

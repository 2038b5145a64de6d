import { quietly } from '../aws/environment.ts';
import { isAtRest } from '../circuit/at-rest.ts';
import { type ControlClients, eventSourcesOf } from '../circuit/event-sources.ts';
import { METRICS } from '../contract/metrics.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { readCircuit } from '../ledger/circuit.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { ownQueueUrl, type Route } from '../ledger/rows/route.ts';
import type { Reading } from './decide.ts';
import { isTold, type Stall, stallAfter } from './stall.ts';

/** What is asked, and how often, in milliseconds. */
export interface WatchOptions {
  readonly ledger: Ledger;
  readonly lambda: ControlClients['lambda'];
  readonly every: number;
}

/** An invocation may last for so long, where nothing else is known of it: Lambda allows no more. */
const LONGEST_MS = 15 * MINUTE_MS;

/** Watches for queues from which nobody takes anything, or of which nothing ends. It remembers what it saw for as long as its process lives. */
export class StallWatch {
  readonly #stalls = new Map<string, Stall>();

  /**
   * Takes a reading into account, and tells of a subscriber that stands still. Answers whether it told.
   *
   * @param lasts milliseconds that an invocation of the subscriber's function may last
   */
  async see(
    { ledger, lambda, every }: WatchOptions,
    route: Route,
    reading: Reading,
    lasts = LONGEST_MS,
  ): Promise<boolean> {
    const { subscriber } = route;
    const stall = stallAfter(this.#stalls.get(subscriber), reading);
    if (stall) this.#stalls.set(subscriber, stall);
    else this.#stalls.delete(subscriber);
    if (!isTold(stall, lasts, every)) return false;
    // A circuit that is open has told already.
    if (!isAtRest(await readCircuit(ledger, subscriber))) return false;
    const { environment } = ledger;
    const seconds = Math.round((reading.at - stall.since) / 1_000);
    const { waiting, inFlight } = reading;
    const cause = inFlight > 0 ? HANGING : await causeOf({ environment, lambda }, ownQueueUrl(route.destination));
    const fields = { subscriber, hop: 'consumer', cause, waiting, inFlight, seconds };
    quietly(() => environment.log.error('subscriber stands still', fields));
    quietly(() => {
      environment.metrics.count(METRICS.stalled, 1);
      // An invocation that watches lasts for a minute: what it has found is not kept back until its end.
      environment.metrics.flush();
    });
    return true;
  }
}

const HANGING =
  'messages are being handled, and none has ended for longer than an invocation lasts: its handlers hang, or more comes all the time than it takes on';

async function causeOf(clients: ControlClients, queueUrl: string): Promise<string> {
  const { sources = [] } = (await eventSourcesOf(clients, queueUrl)) ?? {};
  const own = sources.filter(({ kind }) => kind === 'queue');
  if (own.length === 0) return 'no event source reads its queue';
  if (!own.some(({ isOn }) => isOn)) return 'its event source is disabled';
  return 'its event source is enabled and takes nothing: its function may be throttled, or may not receive from the queue';
}

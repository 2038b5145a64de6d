import { quietly } from '../aws/environment.ts';
import { isAtRest } from '../circuit/at-rest.ts';
import { type ControlClients, eventSourcesOf } from '../circuit/event-sources.ts';
import { METRICS } from '../contract/metrics.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { readCircuit } from '../ledger/circuit.ts';
import { type Ends, endsLately } from '../ledger/ends.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { ownQueueUrl, type Route } from '../ledger/rows/route.ts';
import { withEveryShard } from '../ledger/shards.ts';
import type { Reading } from './decide.ts';
import { isHanging, mayStandStill, type Stall, stallAfter, told } from './stall.ts';

/** What is asked. */
export interface WatchOptions {
  readonly ledger: Ledger;
  readonly lambda: ControlClients['lambda'];
}

/** An invocation may last for so long, where nothing else is known of it: Lambda allows no more. */
const LONGEST_MS = 15 * MINUTE_MS;

/**
 * Watches for queues from which nobody takes anything, or of which nothing ends. It asks the ledger what has ended only where a
 * queue may stand still. It remembers what it saw for as long as its process lives.
 */
export class StallWatch {
  readonly #stalls = new Map<string, Stall>();

  /**
   * Takes a reading into account, and tells of a subscriber that stands still. Answers whether it told.
   *
   * @param lasts milliseconds that an invocation of the subscriber's function may last
   */
  async see({ ledger, lambda }: WatchOptions, route: Route, reading: Reading, lasts = LONGEST_MS): Promise<boolean> {
    const { subscriber } = route;
    const { at, waiting, inFlight } = reading;
    const stall = stallAfter(this.#stalls.get(subscriber), reading);
    if (stall) this.#stalls.set(subscriber, stall);
    else this.#stalls.delete(subscriber);
    if (!mayStandStill(stall, at)) return false;
    // A circuit that is open has told already.
    if (!isAtRest(await readCircuit(ledger, subscriber))) return false;
    const ends = inFlight > 0 ? await endsLately(await withEveryShard(ledger), subscriber, stall.since) : undefined;
    if (inFlight > 0 && !isHanging(stall, at, ends, lasts)) return false;
    this.#stalls.set(subscriber, told(stall, at));
    const { environment } = ledger;
    const seconds = Math.round((at - Math.max(stall.since, ends?.newest ?? 0)) / 1_000);
    const cause = await causeOf({ environment, lambda }, route, inFlight > 0 ? hanging(ends, seconds) : TAKES_NOTHING);
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

const TAKES_NOTHING =
  'its event source is enabled and takes nothing: its function may be throttled, or may not receive from the queue';

function hanging(ends: Ends | undefined, seconds: number): string {
  if (!ends)
    return 'messages are being handled, and none has ended for longer than an invocation lasts: its handlers hang, or more comes all the time than it takes on';
  const slowest = (ends.longest / 1_000).toFixed(1);
  return `messages are being handled, and none has ended for ${seconds} s, where the slowest before took ${slowest} s: its handlers hang or fail, or its function is throttled`;
}

/** Why a subscriber stands still: its event source, or what is given. */
async function causeOf(clients: ControlClients, { destination }: Route, otherwise: string): Promise<string> {
  const { sources = [] } = (await eventSourcesOf(clients, ownQueueUrl(destination))) ?? {};
  const own = sources.filter(({ kind }) => kind === 'queue');
  if (own.length === 0) return 'no event source reads its queue';
  return own.some(({ isOn }) => isOn) ? otherwise : 'its event source is disabled';
}

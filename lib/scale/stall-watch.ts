import { quietly } from '../aws/environment.ts';
import { isAtRest } from '../circuit/at-rest.ts';
import { type ControlClients, type EventSource, eventSourcesOf } from '../circuit/event-sources.ts';
import { METRICS } from '../contract/metrics.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { readCircuit } from '../ledger/circuit.ts';
import { type Ends, endsLately, isCommitted } from '../ledger/ends.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { ownQueueUrl, type Route } from '../ledger/rows/route.ts';
import { withEveryShard } from '../ledger/shards.ts';
import type { Reading } from './decide.ts';
import { isHanging, mayStandStill, owedUntil, quietSince, type Stall, stallAfter, told } from './stall.ts';

/** What is asked. */
export interface WatchOptions {
  readonly ledger: Ledger;
  readonly lambda: ControlClients['lambda'];
}

/** An invocation may last for so long, where nothing else is known of it: Lambda allows no more. */
const LONGEST_MS = 15 * MINUTE_MS;

/**
 * Watches for queues from which nobody takes anything, or of which nothing ends, and for streams. It asks the ledger what has ended only where a
 * queue may stand still. It remembers what it saw for as long as its process lives.
 */
export class StallWatch {
  readonly #stalls = new Map<string, Stall>();
  /** By subscriber of a stream, when it was told last. */
  readonly #toldOfStreams = new Map<string, number>();

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
    if (await isOpen(ledger, subscriber)) return false;
    const ends = inFlight > 0 ? await endsLately(await withEveryShard(ledger), subscriber, stall.since) : undefined;
    if (inFlight > 0 && !isHanging(stall, at, ends, lasts)) return false;
    this.#stalls.set(subscriber, told(stall, at));
    const seconds = Math.round((at - Math.max(stall.since, ends?.newest ?? 0)) / 1_000);
    const otherwise = inFlight > 0 ? hanging(ends, seconds) : TAKES_NOTHING;
    const cause = await causeOf({ environment: ledger.environment, lambda }, route, 'queue', otherwise);
    this.#tell(ledger, { subscriber, hop: 'consumer', cause, waiting, inFlight, seconds });
    return true;
  }

  /**
   * Tells of a subscriber of a stream that has ended messages lately, and ends none any more though more were committed. Kinesis
   * counts nothing of it: the ledger alone is asked. Answers whether it told.
   */
  async seeStream({ ledger, lambda }: WatchOptions, routes: readonly Route[]): Promise<boolean> {
    const [route] = routes;
    const at = ledger.environment.now();
    if (!route || at - (this.#toldOfStreams.get(route.subscriber) ?? 0) < MINUTE_MS) return false;
    const { subscriber } = route;
    const whole = await withEveryShard(ledger);
    const ends = await endsLately(whole, subscriber, owedUntil(at));
    const since = ends && quietSince(ends, at);
    if (since === undefined) return false;
    const types = new Set(routes.map(({ type }) => type));
    if (!(await isCommitted(whole, types, { from: since, to: owedUntil(at) }))) return false;
    if (await isOpen(ledger, subscriber)) return false;
    this.#toldOfStreams.set(subscriber, at);
    const seconds = Math.round((at - since) / 1_000);
    const cause = await causeOf({ environment: ledger.environment, lambda }, route, 'stream', endsNothing(seconds));
    this.#tell(ledger, { subscriber, hop: 'consumer', cause, seconds });
    return true;
  }

  #tell({ environment }: Ledger, fields: Readonly<Record<string, string | number>>): void {
    quietly(() => environment.log.error('subscriber stands still', fields));
    quietly(() => {
      environment.metrics.count(METRICS.stalled, 1);
      // An invocation that watches lasts for a minute: what it has found is not kept back until its end.
      environment.metrics.flush();
    });
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

function endsNothing(seconds: number): string {
  return `messages come on its stream, and none has ended for ${seconds} s: its handlers hang or fail, or its function is throttled`;
}

/** Whether a circuit has told already. */
async function isOpen(ledger: Ledger, subscriber: string): Promise<boolean> {
  return !isAtRest(await readCircuit(ledger, subscriber));
}

/** Why a subscriber stands still: its event source, or what is given. */
async function causeOf(
  clients: ControlClients,
  { destination }: Route,
  of: EventSource['kind'],
  otherwise: string,
): Promise<string> {
  const { sources = [] } = (await eventSourcesOf(clients, ownQueueUrl(destination))) ?? {};
  const own = sources.filter(({ kind }) => kind === of);
  if (own.length === 0) return `no event source reads its ${of}`;
  return own.some(({ isOn }) => isOn) ? otherwise : 'its event source is disabled';
}

import { concurrently } from '../aws/concurrently.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { minuteOf } from '../contract/timestamp.ts';
import { deadlineOf, type Finding, type Hop, Inspection } from '../inspect/inspection.ts';
import type { ListEventSources } from '../inspect/subscriber-state.ts';
import type { Graph } from '../ledger/graph.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { EndState } from '../ledger/rows/inbox.ts';
import { isOwed, type Route } from '../ledger/rows/route.ts';
import { messageIdRange, messageTime } from '../message/message-id.ts';
import { type Joined, joinById } from './join.ts';
import { type Ended, endedIn, type Keyed, keyedIn } from './ledger-sets.ts';

/** Every state that a message can be in at a subscriber. */
export const COPY_STATES = [
  ...(['handled', 'duplicate', 'dead', 'cancelled', 'abandoned'] as const),
  ...(['inFlight', 'late', 'scheduled', 'missing', 'unjudged'] as const),
];

/** What became of a message at one subscriber. */
export interface ListedCopy {
  readonly subscriber: string;
  readonly state: (typeof COPY_STATES)[number];
  /** When it ended, in milliseconds since the epoch. */
  readonly ended?: number;
  /** Of a `dead` one: the error's code. */
  readonly reason?: string;
  /** Of a `missing` one: the hop at which it stopped. `evidence` also of one that is `unjudged`. */
  readonly hop?: Hop;
  readonly evidence?: string;
}

/** A committed message, and what became of it at each subscriber that expects it. */
export interface ListedMessage {
  readonly id: string;
  readonly type: string;
  readonly businessLine: string;
  /** Its business key. */
  readonly key: string;
  /** When it was committed, in milliseconds since the epoch. */
  readonly committed: number;
  readonly subscribers: readonly ListedCopy[];
}

export interface MessagesOptions {
  /** Who expects what: the messages of a graph of some routes are told at their subscribers alone. */
  readonly graph: Graph;
  /** From when on what was committed is listed, in milliseconds since the epoch. */
  readonly from: number;
  /** Until when. */
  readonly to: number;
  /** The event type that is listed. @default every one */
  readonly type?: string;
  /** @default nothing is known of event sources */
  readonly listEventSources?: ListEventSources;
}

const MINUTES_AT_ONCE = 4;
const SHARDS_AT_ONCE = 8;
const INSPECTIONS_AT_ONCE = 16;

/**
 * The messages that were committed in a range of time, the newest first. What has not ended is looked at before it is called
 * missing, as reconciliation does. A reader that stops has nothing older read.
 */
export async function* messagesOf(ledger: Ledger, options: MessagesOptions): AsyncGenerator<ListedMessage> {
  const { from, to } = options;
  const minutes: number[] = [];
  for (let time = to - (to % MINUTE_MS); time > from - MINUTE_MS; time -= MINUTE_MS) minutes.push(time);
  const inspection = new Inspection(ledger, options.listEventSources);
  for (let next = 0; next < minutes.length; next += MINUTES_AT_ONCE) {
    const some = minutes.slice(next, next + MINUTES_AT_ONCE);
    const read = await concurrently(MINUTES_AT_ONCE, some, (time) => committedAt(ledger, time, options));
    for (const messages of read) {
      // One that was found and does not interest anybody costs no look at it.
      for (const message of messages) yield await listed(ledger, message, options.graph, inspection);
    }
  }
}

/** The messages of a minute, the newest first. */
async function committedAt(
  ledger: Ledger,
  time: number,
  { from, to, graph, type }: MessagesOptions,
): Promise<Joined<Keyed, Ended>[]> {
  const minute = minuteOf(time);
  const range = messageIdRange(from, to);
  const shards = Array.from({ length: ledger.shards }, (_, shard) => shard);
  const found: Joined<Keyed, Ended>[] = [];
  await concurrently(SHARDS_AT_ONCE, shards, async (shard) => {
    const ends = graph.subscribers.map((subscriber) => endedIn(ledger, subscriber, minute, shard, range));
    for await (const message of joinById(keyedIn(ledger, minute, shard, range), ends)) {
      if (message.committed && (type === undefined || message.committed.type === type)) found.push(message);
    }
  });
  return found.sort((one, other) => (one.id < other.id ? 1 : -1));
}

async function listed(
  ledger: Ledger,
  { id, committed, ends }: Joined<Keyed, Ended>,
  graph: Graph,
  inspection: Inspection,
): Promise<ListedMessage> {
  const { type = '', businessLine = '', key = '' } = committed ?? {};
  const endAt = (subscriber: string) => ends[graph.subscribers.indexOf(subscriber)];
  const routes = graph
    .expectedOf(id, type)
    .filter((route) => endAt(route.subscriber) || isOwed(route, (former) => endAt(former)?.state));
  const subscribers = await concurrently(INSPECTIONS_AT_ONCE, routes, (route) => {
    const end = endAt(route.subscriber);
    return copyOf(ledger, { id, ...committed }, route, end, inspection);
  });
  return { id, type, businessLine, key, committed: messageTime(id), subscribers };
}

async function copyOf(
  ledger: Ledger,
  message: { readonly id: string; readonly deliverAt?: number },
  route: Route,
  end: Ended | undefined,
  inspection: Inspection,
): Promise<ListedCopy> {
  const { subscriber } = route;
  if (end) {
    const { state, endedAt, death } = end;
    return { subscriber, state, ended: endedAt, ...(death?.reason && { reason: death.reason }) };
  }
  const now = ledger.environment.now();
  if (now < (message.deliverAt ?? 0)) return { subscriber, state: 'scheduled' };
  const deadlineAt = deadlineOf(message, route);
  if (now < deadlineAt) return { subscriber, state: 'inFlight' };
  return { subscriber, ...found(await inspection.inspect({ ...message, route, deadlineAt })) };
}

function found(finding: Finding): Omit<ListedCopy, 'subscriber'> {
  switch (finding.kind) {
    case 'ended':
      return { state: finding.state satisfies EndState };
    case 'waiting':
      return { state: 'scheduled' };
    case 'missing':
      return { state: 'missing', hop: finding.hop, evidence: finding.evidence };
    case 'unjudged':
      return { state: 'unjudged', evidence: finding.evidence };
    default:
      return { state: finding.kind };
  }
}

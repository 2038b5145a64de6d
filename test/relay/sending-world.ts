import { z } from 'zod';
import { toItem } from '../../lib/aws/attribute.ts';
import { consume } from '../../lib/consume/consume.ts';
import type { Delay } from '../../lib/contract/delay.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { LIMITS } from '../../lib/contract/limits.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable, type TableItem } from '../../lib/contract/table.ts';
import { readReceipt } from '../../lib/ledger/receipt.ts';
import { sweepKey } from '../../lib/ledger/rows/cursor.ts';
import { dueKey } from '../../lib/ledger/rows/due.ts';
import type { LedgerKey } from '../../lib/ledger/rows/layout.ts';
import type { OutboxRow } from '../../lib/ledger/rows/outbox.ts';
import { EVENT_TYPES } from '../../lib/ledger/rows/route.ts';
import { momentOf } from '../../lib/message/delivery-time.ts';
import type { Envelope, EnvelopeContext } from '../../lib/message/envelope.ts';
import { publish } from '../../lib/publish/publish.ts';
import { createRelay } from '../../lib/relay/relay.ts';
import { createSweeper } from '../../lib/relay/sweeper.ts';
import { toRow } from '../../lib/testing/engines/dynamodb/table.ts';
import type { Queue } from '../../lib/testing/engines/index.ts';
import { lambdaContext } from '../../lib/testing/lambda/lambda-event.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';
import { FaultyWire } from '../faults.ts';

export const OfferEnds = defineEvent('offer.ends', {
  schema: z.object({ offerId: z.string() }),
  key: (offer) => offer.offerId,
  businessLine: 'offers',
});

const Effects = defineTable('effects', {
  item: z.object({ id: z.string(), subscriber: z.string(), offerId: z.string(), times: z.int(), at: z.number() }),
  partitionKey: 'id',
});

/** Consumes by a queue of its own. */
export const CloseOffer = defineSubscriber('close-offer', { consumes: [OfferEnds], tables: [Effects] });
/** Consumes by the stream `offers`. */
export const CountOffers = defineSubscriber('count-offers', { consumes: [OfferEnds], tables: [Effects] });

export const START = Date.UTC(2026, 10, 23, 8, 14);
export const MINUTE = 60_000;
export const SHARDS = 4;

/** That a message took effect at a subscriber, and when it did for the last time. */
type Effect = TableItem<typeof Effects>;

export interface SendingWorldOptions {
  /** @default both */
  readonly subscribers?: readonly ('close-offer' | 'count-offers')[];
}

/**
 * Everything between a producer and its subscribers: relay, forwarder and sweep, a subscriber with a queue and one on a
 * stream. Nothing runs by itself but what `settle` and `runUntil` run.
 */
export function sendingWorld({ subscribers = ['close-offer', 'count-offers'] }: SendingWorldOptions = {}) {
  const clock = new VirtualClock({ now: START, jumps: true });
  const wire = new FaultyWire();
  const relay = createRelay();
  let deaf = false;
  const handlerOf = (definition: typeof CloseOffer | typeof CountOffers) =>
    consume(definition, ({ offerId }, { tx }) => {
      const subscriber = definition.name;
      const set = { subscriber, offerId, at: clock.now() };
      tx.update(Effects, { id: `${subscriber} ${offerId}` }, { create: true, set, add: { times: 1 } });
    });
  const stack = new MemoryStack({
    subscribers: [CloseOffer, CountOffers].filter(({ name }) => subscribers.includes(name)),
    streams: { offers: [CountOffers] },
    handlers: {
      'close-offer': handlerOf(CloseOffer),
      'count-offers': handlerOf(CountOffers),
      relay: async (event: never, context: never) => (deaf ? undefined : relay(event, context)),
    },
    timeout: '30s',
    ledger: 'ledger',
    shards: SHARDS,
    clock,
    wire: wire.carry,
  });
  const { engines, ledger, outbox } = stack;
  const queueOf = (name: string) => stack.queues.get(name) as Queue;
  const queues = {
    forward: queueOf('forwarder'),
    'close-offer': queueOf('close-offer'),
    'count-offers': queueOf('count-offers'),
  };
  const environment = stack.environmentOf('forwarder');
  const sweep = createSweeper();
  const sweeping = (milliseconds = 30_000) => lambdaContext(environment, 'sweep', milliseconds);
  const write = ({ pk, sk }: LedgerKey, row: object) => {
    const key = { pk: { S: pk }, sk: { S: sk } };
    ledger.write(key, { ...toItem(row), ...key });
  };
  /** The rows of messages that wait, none of which a relay has read: for worlds in which none runs. */
  const leaveWaiting = (envelopes: readonly Envelope[], changes: Partial<OutboxRow> = {}): void => {
    for (const envelope of envelopes) {
      const { sk, ttl } = outbox.write(envelope, changes);
      write(dueKey(sk, momentOf(envelope)), { ttl });
    }
  };
  const rowsOf = (prefix: string) =>
    ledger
      .items()
      .filter(({ pk }) => pk?.S?.startsWith(prefix))
      .map(toRow);
  const consumed = [...stack.queues.values()].filter(({ name }) => !name.endsWith('-dead'));
  const nextVisible = () =>
    Math.min(...consumed.flatMap((queue) => queue.messages().map(({ visibleAt }) => visibleAt)));

  return {
    clock,
    engines,
    environment,
    ledger,
    queues,
    forwardDead: queueOf('forwarder-dead'),
    calls: wire.calls,
    operations: wire.operations,
    countOf: wire.countOf,
    from: wire.from,
    /** What took effect, by subscriber and offer. */
    effects: (): Effect[] => stack.rows(Effects),
    settle: () => stack.settle(),
    write,
    /** Relays what was committed since it last did. */
    relayNew: () => stack.settle('relay'),
    publish: (offerId: string, delay: Delay = {}) =>
      publish(OfferEnds, { offerId }, { environment: stack.environment(), ...delay }),
    /** A message as it was committed, without anybody who relays it. */
    envelopeOf: (offerId: string, given: Partial<EnvelopeContext> = {}): Envelope =>
      outbox.envelope(OfferEnds, { offerId }, given),
    /** Commits messages as they are, and relays them. */
    commit: async (envelopes: readonly Envelope[]): Promise<void> => {
      for (const envelope of envelopes) outbox.write(envelope);
      await stack.settle('relay');
    },
    /** Commits messages that are put to wait already, as the relay would have left them. */
    commitWaiting: async (envelopes: readonly Envelope[], changes: Partial<OutboxRow> = {}): Promise<void> => {
      leaveWaiting(envelopes, changes);
      deaf = true;
      await stack.settle('relay');
      deaf = false;
      wire.calls.length = 0;
    },
    leaveWaiting,
    /** Lets the forwarder have what is in its queue. */
    forward: () => stack.settle('forwarder'),
    sweep: (milliseconds = MINUTE) => sweep({}, sweeping(milliseconds)),
    /** A sweep in a process of its own. */
    otherSweep: () => createSweeper()({}, sweeping()),
    cursor: (shard: number) => ledger.get(toItem(sweepKey(shard)))?.upTo?.S,
    dueRows: () => rowsOf('due#'),
    /** Destination and message of each receipt. */
    receipts: () =>
      rowsOf('relay#').flatMap((row) =>
        readReceipt(row as never).flatMap(({ to, ids }) => ids.map((id) => ({ to, id }))),
      ),
    /** The rows of all messages that ended. */
    ended: () => rowsOf('in#'),
    /** The counts of the last summary line of a function. */
    summary: (name: string) => environment.lines.findLast(({ message }) => message === name)?.fields ?? {},
    /** Runs everything in its moment, sweeps at the given ones included. */
    runUntil: async (end: number, sweeps: readonly number[] = []): Promise<void> => {
      const left = [...sweeps].sort((one, other) => one - other);
      for (;;) {
        await stack.settle();
        const next = Math.min(left[0] ?? Number.POSITIVE_INFINITY, nextVisible());
        if (next > end) break;
        clock.pass(Math.max(0, next - clock.now()));
        while (left[0] !== undefined && left[0] <= clock.now()) {
          left.shift();
          await sweep({}, sweeping());
        }
      }
      clock.pass(Math.max(0, end - clock.now()));
    },
  };
}

export type SendingWorld = ReturnType<typeof sendingWorld>;

/** The most whole seconds that a queue can delay by, in milliseconds. */
export const LONGEST_QUEUE_DELAY = LIMITS.queueDelaySeconds * 1000;

/** Takes all routes away, as if nobody had ever subscribed. Returns what puts them back. */
export function withoutRoutes({ ledger }: Pick<SendingWorld, 'ledger'>): () => void {
  const rows = ledger.items().filter(({ pk }) => pk?.S === EVENT_TYPES || pk?.S?.startsWith('route#'));
  const keyOf = ({ pk, sk }: (typeof rows)[number]) => ({ pk, sk }) as never;
  for (const row of rows) ledger.write(keyOf(row), undefined);
  return () => {
    for (const row of rows) ledger.write(keyOf(row), row);
  };
}

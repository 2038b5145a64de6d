import type { SQSBatchResponse } from 'aws-lambda';
import { z } from 'zod';
import { toItem } from '../../lib/aws/expression.ts';
import { consume } from '../../lib/consume/consume.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import type { Delay } from '../../lib/contract/delay.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { LIMITS } from '../../lib/contract/limits.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable, type TableItem } from '../../lib/contract/table.ts';
import { readReceipt } from '../../lib/ledger/receipt.ts';
import { sweepKey } from '../../lib/ledger/rows/cursor.ts';
import { dueKey } from '../../lib/ledger/rows/due.ts';
import { type LedgerKey, OUTBOX_PREFIX } from '../../lib/ledger/rows/layout.ts';
import { type OutboxRow, outboxRow } from '../../lib/ledger/rows/outbox.ts';
import { eventTypeKey, type Route, routeKey } from '../../lib/ledger/rows/route.ts';
import { momentOf } from '../../lib/message/delivery-time.ts';
import { createEnvelope, type Envelope, type EnvelopeContext } from '../../lib/message/envelope.ts';
import { publish } from '../../lib/publish/publish.ts';
import { createForwarder } from '../../lib/relay/forwarder.ts';
import { createRelay } from '../../lib/relay/relay.ts';
import { createSweep } from '../../lib/relay/sweeper.ts';
import { streamRecord as changeRecord } from '../../lib/testing/engines/dynamodb/stream-record.ts';
import { toRow } from '../../lib/testing/engines/dynamodb/table.ts';
import type { Queue } from '../../lib/testing/engines/index.ts';
import { lambdaContext, queueRecord, streamRecord } from '../../lib/testing/lambda/lambda-event.ts';
import { seededRandom } from '../../lib/testing/seeded-random.ts';
import { enginesOn, tableOf, testEnvironment } from '../../lib/testing/test-environment.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';
import type { Fault } from '../consume/shop.ts';

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
const LEDGER = 'ledger';
const STREAM = 'offers';
const TIMEOUT = 30_000;

/** That a message took effect at a subscriber, and when it did for the last time. */
type Effect = TableItem<typeof Effects>;

export interface SendingWorldOptions {
  /** @default both */
  readonly subscribers?: readonly ('close-offer' | 'count-offers')[];
}

/**
 * Everything between a producer and its subscribers, on engines in memory and a virtual clock: relay, forwarder and sweep,
 * a subscriber with a queue and one on a stream. Nothing runs by itself but what `settle` and `runUntil` run.
 */
export function sendingWorld({ subscribers = ['close-offer', 'count-offers'] }: SendingWorldOptions = {}) {
  const clock = new VirtualClock({ now: START, jumps: true });
  const engines = enginesOn(clock);
  const ledger = engines.dynamodb.createTable({
    name: LEDGER,
    partitionKey: { name: 'pk', type: 'S' },
    sortKey: { name: 'sk', type: 'S' },
  });
  engines.kinesis.createStream({ name: STREAM });
  const forwardDead = engines.sqs.createQueue({ name: 'forward-dead' });
  const queues = {
    forward: engines.sqs.createQueue({
      name: 'forward',
      visibilityTimeout: 180,
      deadLetter: { queue: forwardDead, maxReceiveCount: 5 },
    }),
    'close-offer': engines.sqs.createQueue({ name: 'close-offer', visibilityTimeout: 180 }),
    'count-offers': engines.sqs.createQueue({ name: 'count-offers', visibilityTimeout: 180 }),
  };
  const dead = engines.sqs.createQueue({ name: 'dead' });
  engines.s3.createBucket('quarantine');

  const calls: string[] = [];
  const faults = new Map<string, Fault>();
  const random = seededRandom(1);
  const environmentFor = (queueUrl: string) =>
    testEnvironment({
      clock,
      random,
      engines,
      variables: {
        [BINDINGS.ledger]: LEDGER,
        [BINDINGS.shards]: String(SHARDS),
        [BINDINGS.forwardQueueUrl]: queues.forward.url,
        [BINDINGS.queueUrl]: queueUrl,
        [BINDINGS.deadLetterQueueUrl]: dead.url,
        [BINDINGS.quarantineBucket]: 'quarantine',
      },
      wire: async (request, apply) => {
        calls.push(request.operation);
        const fault = faults.get(request.operation);
        return fault ? fault(apply, request) : apply();
      },
    });
  const environment = environmentFor('');

  const write = ({ pk, sk }: LedgerKey, row: object) => {
    const key = { pk: { S: pk }, sk: { S: sk } };
    ledger.write(key, { ...toItem(row), ...key });
  };
  write(eventTypeKey(OfferEnds.type), {});
  for (const subscriber of subscribers) {
    const url = queues[subscriber].url;
    const route: Route = {
      type: OfferEnds.type,
      subscriber,
      since: 0,
      destination:
        subscriber === 'close-offer' ? { kind: 'queue', url } : { kind: 'stream', name: STREAM, retryQueueUrl: url },
      deadline: MINUTE,
      businessLine: 'offers',
    };
    write(routeKey(route.type, subscriber), route);
  }

  const handlerOf = (definition: typeof CloseOffer | typeof CountOffers) =>
    consume(definition, ({ offerId }, { tx }) => {
      const subscriber = definition.name;
      const set = { subscriber, offerId, at: clock.now() };
      tx.update(Effects, { id: `${subscriber} ${offerId}` }, { set, add: { times: 1 } });
    });
  const relay = createRelay();
  const forwarder = createForwarder();
  const sweep = createSweep();
  const consumers = {
    'close-offer': { handler: handlerOf(CloseOffer), environment: environmentFor(queues['close-offer'].url) },
    'count-offers': { handler: handlerOf(CountOffers), environment: environmentFor(queues['count-offers'].url) },
  };
  let requests = 0;
  const contextIn = (where = environment, milliseconds = TIMEOUT) => {
    requests += 1;
    return lambdaContext(where, `request-${requests}`, milliseconds);
  };

  let relayed = ledger.changes.length;
  /** Relays what was committed since it last did. */
  const relayNew = async (): Promise<boolean> => {
    const changes = ledger.changes.slice(relayed);
    relayed = ledger.changes.length;
    const Records = changes
      .map((change) => changeRecord(change))
      .filter(({ eventName, dynamodb }) => eventName === 'INSERT' && dynamodb?.Keys?.pk?.S?.startsWith(OUTBOX_PREFIX));
    if (Records.length > 0) await relay({ Records }, contextIn());
    return Records.length > 0;
  };
  /** Receives all that is visible, and has it handled, ten at a time. */
  const drain = async (queue: Queue, invoke: (event: { Records: object[] }) => unknown): Promise<boolean> => {
    const batches: Promise<void>[] = [];
    for (let batch = queue.receive(10); batch.length > 0; batch = queue.receive(10)) {
      const received = batch;
      const handle = async () => {
        const event = { Records: received.map((message) => queueRecord(queue.name, message)) };
        const { batchItemFailures } = (await invoke(event)) as SQSBatchResponse;
        const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
        for (const { id, receiptHandle = '' } of received) if (!failed.has(id)) queue.delete(receiptHandle);
      };
      batches.push(handle());
    }
    await Promise.all(batches);
    return batches.length > 0;
  };
  let read = 0;
  const consumeStream = async (): Promise<boolean> => {
    const records = engines.kinesis.records(STREAM).slice(read);
    read += records.length;
    if (records.length === 0) return false;
    const Records = records.map(({ data, partitionKey }, index) =>
      streamRecord({ data, partitionKey, sequenceNumber: String(read + index), arrivedAt: clock.now() }),
    );
    await consumeBy('count-offers')({ Records });
    return true;
  };
  const consumeBy = (name: keyof typeof consumers) => (event: object) => {
    const { handler, environment: where } = consumers[name];
    return handler(event as never, contextIn(where), {} as never);
  };

  /** Runs all that can run now, and what follows from it at once. */
  const settle = async (): Promise<void> => {
    for (;;) {
      const ran = await Promise.all([
        relayNew(),
        drain(queues.forward, (event) => forwarder(event as never, contextIn())),
        drain(queues['close-offer'], consumeBy('close-offer')),
        drain(queues['count-offers'], consumeBy('count-offers')),
        consumeStream(),
      ]);
      if (!ran.includes(true)) return;
    }
  };
  const nextVisible = () =>
    Math.min(...Object.values(queues).flatMap((queue) => queue.messages().map(({ visibleAt }) => visibleAt)));

  return {
    clock,
    engines,
    environment,
    ledger,
    queues,
    forwardDead,
    /** The operations of all requests so far, in order. */
    calls,
    /** What took effect, by subscriber and offer. */
    effects: (): Effect[] => {
      const table = tableOf(engines.dynamodb, Effects);
      return engines.dynamodb.table(table).rows() as Effect[];
    },
    settle,
    write,
    relayNew,
    /** What happens to every further request of an operation, until it is `undefined`. */
    from: (operation: string, fault: Fault | undefined) => {
      if (fault) faults.set(operation, fault);
      else faults.delete(operation);
    },
    countOf: (operation: string) => calls.filter((call) => call === operation).length,
    publish: (offerId: string, delay: Delay = {}) => publish(OfferEnds, { offerId }, { environment, ...delay }),
    /** A message as it was committed, without anybody who relays it. */
    envelopeOf: (offerId: string, given: Partial<EnvelopeContext> = {}): Envelope => {
      const context = { now: clock.now(), random, shards: SHARDS, ledger: LEDGER, publisher: 'test' };
      return createEnvelope(OfferEnds, { offerId }, { ...context, ...given });
    },
    /** Commits messages that are put to wait already, as the relay would have left them. */
    commitWaiting: (envelopes: readonly Envelope[], changes: Partial<OutboxRow> = {}): void => {
      for (const envelope of envelopes) {
        const row = { ...outboxRow(envelope), ...changes };
        write(row, row);
        write(dueKey(row.sk, momentOf(envelope)), { ttl: row.ttl });
      }
      relayed = ledger.changes.length;
      calls.length = 0;
    },
    /** A batch of the forward queue as the forwarder gets it. */
    forward: async (): Promise<boolean> => drain(queues.forward, (event) => forwarder(event as never, contextIn())),
    sweep: (milliseconds = MINUTE) => sweep({}, contextIn(environment, milliseconds)),
    /** A sweep in a process of its own. */
    otherSweep: () => createSweep()({}, contextIn()),
    cursor: (shard: number) => ledger.get(toItem(sweepKey(shard)))?.upTo?.S,
    dueRows: () => ledger.rows().filter(({ pk }) => String(pk).startsWith('due#')),
    /** Destination and message of each receipt. */
    receipts: () =>
      ledger
        .rows()
        .filter(({ pk }) => String(pk).startsWith('relay#'))
        .flatMap((row) => readReceipt(row as never).flatMap(({ to, ids }) => ids.map((id) => ({ to, id })))),
    /** The rows of all messages that ended. */
    ended: () =>
      ledger
        .items()
        .filter(({ pk }) => pk?.S?.startsWith('in#'))
        .map(toRow),
    /** The counts of the last summary line of a function. */
    summary: (name: string) => environment.lines.findLast(({ message }) => message === name)?.fields ?? {},
    /** Runs everything in its moment, sweeps at the given ones included. */
    runUntil: async (end: number, sweeps: readonly number[] = []): Promise<void> => {
      const left = [...sweeps].sort((one, other) => one - other);
      for (;;) {
        await settle();
        const next = Math.min(left[0] ?? Number.POSITIVE_INFINITY, nextVisible());
        if (next > end) break;
        clock.pass(Math.max(0, next - clock.now()));
        while (left[0] !== undefined && left[0] <= clock.now()) {
          left.shift();
          await sweep({}, contextIn());
        }
      }
      clock.pass(Math.max(0, end - clock.now()));
    },
  };
}

export type SendingWorld = ReturnType<typeof sendingWorld>;

/** The most whole seconds that a queue can delay by, in milliseconds. */
export const LONGEST_QUEUE_DELAY = LIMITS.queueDelaySeconds * 1000;

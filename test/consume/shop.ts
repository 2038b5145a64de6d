import type { Context, KinesisStreamRecord, SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { z } from 'zod';
import { toItem } from '../../lib/aws/expression.ts';
import { ATTRIBUTES } from '../../lib/aws/record.ts';
import { consume, type HandlerOrHandlers } from '../../lib/consume/consume.ts';
import { type DeadLetterContent, readDeadLetter } from '../../lib/consume/dead-letter.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { defineEvent, type EventDefinition } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { failureKey } from '../../lib/ledger/rows/failure.ts';
import { type InboxRow, inboxKey } from '../../lib/ledger/rows/inbox.ts';
import { createEnvelope, type Envelope, encodeEnvelope } from '../../lib/message/envelope.ts';
import { toRow } from '../../lib/testing/engines/dynamodb/table.ts';
import type { Request, StoredMessage } from '../../lib/testing/engines/index.ts';
import { lambdaContext, queueRecord, streamRecord } from '../../lib/testing/lambda/lambda-event.ts';
import { seededRandom } from '../../lib/testing/seeded-random.ts';
import { enginesOn, tableOf, testEnvironment } from '../../lib/testing/test-environment.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';

export const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), sku: z.string(), quantity: z.int().positive() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});
export const OrderCancelled = defineEvent('order.cancelled', {
  schema: z.object({ orderId: z.string() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});
export const StockReserved = defineEvent('stock.reserved', {
  schema: z.object({ orderId: z.string() }),
  key: (reserved) => reserved.orderId,
  businessLine: 'inventory',
});
export const Stock = defineTable('stock', {
  item: z.object({ sku: z.string(), quantity: z.int(), note: z.optional(z.string()), version: z.optional(z.int()) }),
  partitionKey: 'sku',
});
/** The same goods under an optimistic lock. */
export const Shelf = defineTable('shelf', {
  item: z.object({ sku: z.string(), quantity: z.int(), version: z.int() }),
  partitionKey: 'sku',
  version: 'version',
});
export const ReserveStock = defineSubscriber('reserve-stock', {
  consumes: [OrderPlaced],
  publishes: [StockReserved],
  tables: [Stock, Shelf],
});

export const ORDER = { orderId: '1', sku: 'a', quantity: 2 };
export const SHOP_NOW = Date.UTC(2026, 10, 23, 8, 14);

/** What happens to one request of an operation, instead of its being answered. */
export type Fault = (apply: () => object, request: Request) => object | Promise<object>;

/** The request is carried out, and its answer is lost. */
export const replyLost: Fault = (apply) => {
  apply();
  throw serviceError('TimeoutError', 'server');
};

/** The request is not carried out, and is answered by this error. */
export const refusedBy =
  (name: string, fault: 'client' | 'server' = 'client', fields: object = {}): Fault =>
  () => {
    throw serviceError(name, fault, fields);
  };

/** The transaction is cancelled for these reasons. */
export const cancelledFor = (...codes: readonly string[]): Fault =>
  refusedBy('TransactionCanceledException', 'client', { CancellationReasons: codes.map((Code) => ({ Code })) });

export function serviceError(name: string, $fault: 'client' | 'server', fields: object = {}): Error {
  return Object.assign(new Error(`${name}, said AWS`), { name, $fault, $metadata: {}, ...fields });
}

export interface ShopOptions {
  /** Bindings beside those that a subscriber has; `undefined` takes one away. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
}

/** A subscriber's function in its surroundings, on engines in memory and a virtual clock. */
export function openShop({ variables = {} }: ShopOptions = {}) {
  const clock = new VirtualClock({ now: SHOP_NOW, jumps: true });
  const random = seededRandom(1);
  const engines = enginesOn(clock);
  const keys = { partitionKey: { name: 'pk', type: 'S' }, sortKey: { name: 'sk', type: 'S' } } as const;
  const ledger = engines.dynamodb.createTable({ name: 'ledger', ...keys });
  const queue = engines.sqs.createQueue({ name: 'reserve-stock' });
  const dead = engines.sqs.createQueue({ name: 'dead-letters' });
  engines.s3.createBucket('quarantine');

  const calls: Request[] = [];
  const faults = new Map<string, Fault[]>();
  const always = new Map<string, Fault>();
  const environment = testEnvironment({
    clock,
    random,
    engines,
    variables: {
      [BINDINGS.ledger]: 'ledger',
      [BINDINGS.shards]: '16',
      [BINDINGS.queueUrl]: queue.url,
      [BINDINGS.deadLetterQueueUrl]: dead.url,
      [BINDINGS.quarantineBucket]: 'quarantine',
      ...variables,
    },
    wire: async (request, apply) => {
      calls.push(request);
      const fault = faults.get(request.operation)?.shift() ?? always.get(request.operation);
      return fault ? fault(apply, request) : apply();
    },
  });
  const table = (of: typeof Stock | typeof Shelf) => engines.dynamodb.table(tableOf(engines.dynamodb, of));
  const envelopeOf = (event: EventDefinition, payload: unknown): Envelope =>
    createEnvelope(event, payload, { now: clock.now(), random, shards: 16, ledger: 'ledger', publisher: 'test' });
  let sent = 0;
  let requests = 0;
  return {
    clock,
    engines,
    environment,
    calls,
    queue,
    dead,
    ledger,
    envelopeOf,
    /** The operations of all calls so far, in order. */
    operations: () => calls.map(({ operation }) => operation),
    /** What happens to the next requests of an operation, one after another. */
    next: (operation: string, ...them: readonly Fault[]) => void faults.set(operation, [...them]),
    /** What happens to every further request of an operation, until it is `undefined`. */
    from: (operation: string, fault: Fault | undefined) => {
      if (fault) always.set(operation, fault);
      else always.delete(operation);
    },
    stock: (quantity: number, of: typeof Stock | typeof Shelf = Stock) => {
      const item = toItem({ sku: 'a', quantity, version: 0 });
      table(of).write(table(of).keyOf(item), item);
    },
    left: (of: typeof Stock | typeof Shelf = Stock) => table(of).rows()[0]?.quantity,
    rows: (of: typeof Stock | typeof Shelf = Stock) => table(of).rows(),
    /** A message as it comes from the queue for the nth time. */
    queued: (what: Envelope | string, { receives = 1, redriven = false } = {}): SQSRecord => {
      sent += 1;
      const message: StoredMessage = {
        id: `sqs-${sent}`,
        body: typeof what === 'string' ? what : encodeEnvelope(what),
        attributes: redriven ? { [ATTRIBUTES.reason]: { DataType: 'String', StringValue: 'x' } } : {},
        sentAt: clock.now(),
        visibleAt: clock.now(),
        receives: receives - 1,
      };
      queue.restore(message);
      return queueRecord(queue.name, queue.receiveOnly(message.id) as StoredMessage);
    },
    /** A message as it comes from a stream. */
    streamed: (what: Envelope | string | Uint8Array): KinesisStreamRecord => {
      sent += 1;
      const data = typeof what === 'string' || what instanceof Uint8Array ? what : encodeEnvelope(what);
      return streamRecord({ data, partitionKey: 'k', sequenceNumber: String(sent), arrivedAt: clock.now() });
    },
    /** Invokes a function, and returns the transport's ids of the records that it reports as failed. */
    async invoke(
      handler: (event: never, context: never, options: never) => unknown,
      records: readonly (SQSRecord | KinesisStreamRecord)[],
      { milliseconds = 30_000 } = {},
    ): Promise<string[]> {
      requests += 1;
      const context = lambdaContext(environment, `request-${requests}`, milliseconds);
      const run = handler as (event: object, context: Context, options: object) => Promise<SQSBatchResponse>;
      const { batchItemFailures } = await run({ Records: records }, context, {});
      return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    },
    /** How a message ended, if it has. */
    inbox: (id: string, subscriber = 'reserve-stock') => {
      const row = ledger.get(toItem(inboxKey(subscriber, id)));
      return row && (toRow(row) as unknown as InboxRow);
    },
    /** The counted failures of a message. */
    failures: (id: string) => ledger.get(toItem(failureKey('reserve-stock', id)))?.attempts?.N,
    /** The dead letters so far. */
    letters: (): Promise<DeadLetterContent[]> =>
      Promise.all(
        dead.messages().map(({ body, attributes }) => {
          const texts = Object.entries(attributes).map(([name, { StringValue }]) => [name, StringValue]);
          const fetchObject = async (bucket: string, key: string) => engines.s3.object(bucket, key);
          return readDeadLetter({ body, attributes: Object.fromEntries(texts) }, fetchObject);
        }),
      ),
    /** The counts of the last summary line. */
    summary: () => environment.lines.findLast(({ message }) => message === 'batch')?.fields ?? {},
  };
}

export type Shop = ReturnType<typeof openShop>;

/** A function of the subscriber that most tests use. */
export function reserving(handler: HandlerOrHandlers<typeof ReserveStock>) {
  return consume(ReserveStock, handler);
}

/** Takes the goods of an order. */
export const takeGoods = reserving((order, { tx }) => {
  tx.update(Stock, { sku: order.sku }, { add: { quantity: -order.quantity } });
});

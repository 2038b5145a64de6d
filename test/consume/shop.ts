import type { Context, KinesisStreamRecord, SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { z } from 'zod';
import { toItem } from '../../lib/aws/attribute.ts';
import { ATTRIBUTES } from '../../lib/aws/record.ts';
import { consume, type HandlerOrHandlers } from '../../lib/consume/consume.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { failureKey } from '../../lib/ledger/rows/failure.ts';
import { type InboxRow, inboxKey } from '../../lib/ledger/rows/inbox.ts';
import { type Envelope, encodeEnvelope } from '../../lib/message/envelope.ts';
import { toRow } from '../../lib/testing/engines/dynamodb/table.ts';
import type { Queue, StoredMessage } from '../../lib/testing/engines/index.ts';
import { lambdaContext, queueRecord, streamRecord } from '../../lib/testing/lambda/lambda-event.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';
import { FaultyWire } from '../faults.ts';

export { cancelledFor, type Fault, refusedBy, replyLost, serviceError } from '../faults.ts';

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
  retry: { attempts: 5 },
});

export const ORDER = { orderId: '1', sku: 'a', quantity: 2 };
export const SHOP_NOW = Date.UTC(2026, 10, 23, 8, 14);

export interface ShopOptions {
  /** Bindings beside those that a subscriber has; `undefined` takes one away. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
}

/** A subscriber's function in its surroundings, on engines in memory and a virtual clock. */
export function openShop({ variables = {} }: ShopOptions = {}) {
  const clock = new VirtualClock({ now: SHOP_NOW, jumps: true });
  const stack = new MemoryStack({ subscribers: [ReserveStock], ledger: 'ledger', shards: 16, clock });
  const { engines, ledger, outbox } = stack;
  const [queue, dead] = ['reserve-stock', 'reserve-stock-dead'].map((name) => stack.queues.get(name)) as [Queue, Queue];
  const wire = new FaultyWire();
  const environment = stack.environment({ subscriber: 'reserve-stock', variables, wire: wire.carry });
  let sent = 0;
  let requests = 0;
  return {
    clock,
    engines,
    environment,
    calls: wire.calls,
    operations: wire.operations,
    next: wire.next,
    from: wire.from,
    queue,
    dead,
    ledger,
    envelopeOf: outbox.envelope,
    /** What was written to the ledger since it was deployed. */
    written: () => ledger.rows().filter(({ pk }) => !/^(types$|route#)/.test(String(pk))),
    stock: (quantity: number, of: typeof Stock | typeof Shelf = Stock) =>
      void stack.row(of as typeof Shelf, { sku: 'a', quantity, version: 0 }),
    left: (of: typeof Stock | typeof Shelf = Stock) => stack.rows(of)[0]?.quantity,
    rows: (of: typeof Stock | typeof Shelf = Stock) => stack.rows(of),
    /** A message as it comes from the queue for the nth time. */
    queued: (what: Envelope | string, { receives = 1, redriven = false, ...rest }: QueuedOptions = {}): SQSRecord => {
      sent += 1;
      const message: StoredMessage = {
        id: `sqs-${sent}`,
        body: typeof what === 'string' ? what : encodeEnvelope(what),
        attributes:
          rest.attributes ?? (redriven ? { [ATTRIBUTES.reason]: { DataType: 'String', StringValue: 'x' } } : {}),
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
    letters: () => stack.deadLetters('reserve-stock'),
    /** The counts of the last summary line. */
    summary: () => environment.lines.findLast(({ message }) => message === 'batch')?.fields ?? {},
  };
}

interface QueuedOptions {
  readonly receives?: number;
  readonly redriven?: boolean;
  readonly attributes?: StoredMessage['attributes'];
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

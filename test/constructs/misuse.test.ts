import { Duration, type Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { AttributeType } from 'aws-cdk-lib/aws-dynamodb';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';
import {
  InvalidConstruct,
  Ledger,
  QueueChannel,
  StreamChannel,
  Subscriber,
  type SubscriberProps,
} from '../../lib/public/constructs.ts';
import {
  handlerIn,
  OrderCancelled,
  OrderPlaced,
  Orders,
  PaymentReceived,
  ReserveStock,
  SendReceipt,
  tableIn,
  testStack,
} from './shop-app.ts';

/** A shop whose subscriber is given what `tsc` or its author would not have let through. */
function subscribe(wrong: object, channelOf = queueChannel): { stack: Stack; subscriber: Subscriber } {
  const stack = testStack();
  const right = {
    channel: channelOf(stack),
    subscriber: ReserveStock,
    handler: handlerIn(stack),
    tables: { stock: tableIn(stack) },
  };
  return { stack, subscriber: new Subscriber(stack, 'Reserve', { ...right, ...wrong } as unknown as SubscriberProps) };
}

function queueChannel(stack: Stack): QueueChannel {
  const ledger = new Ledger(stack, 'Ledger');
  return new QueueChannel(stack, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
}

function streamChannel(stack: Stack): StreamChannel {
  const ledger = new Ledger(stack, 'Ledger');
  return new StreamChannel(stack, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });
}

describe('a subscriber is refused', () => {
  test.each([
    ['that consumes what its channel does not carry', { subscriber: SendReceipt }, "'payment.received'"],
    ['without a handler', { handler: undefined }, 'give a ConsumerFunction'],
    ['without a table that it declares', { tables: {} }, "tables: { 'stock': table }"],
    ['without tables', { tables: undefined }, "tables: { 'stock': table }"],
    ['with the actions of a table that it does not declare', { tableActions: { orders: [] } }, "'orders'"],
    ['with a batch above ten that has no time to fill', { batchSize: 11 }, 'from 1 to 10, or a `maxBatchingWindow`'],
    ['with an empty batch', { batchSize: 0 }, 'from 1 to 10'],
    ['with too large a batch', { batchSize: 10_001, maxBatchingWindow: Duration.seconds(1) }, 'from 1 to 10000'],
    ['with too long a batching window', { maxBatchingWindow: Duration.minutes(6) }, 'from 0 to 300 seconds'],
    ['with less than two invocations at once', { maxConcurrency: 1 }, 'from 2 to 1000'],
    ['that keeps messages for longer than 4 days', { retentionPeriod: Duration.days(5) }, '4 days'],
    ['with a parallelization factor on a queue', { parallelizationFactor: 2 }, '`maxConcurrency`'],
  ])('%s', (_, wrong, mend) => {
    expect(() => subscribe(wrong)).toThrow(InvalidConstruct);
    expect(() => subscribe(wrong)).toThrow(mend);
  });

  test('with a table that it does not declare', () => {
    const stack = testStack();
    const tables = { stock: tableIn(stack), orders: tableIn(stack, 'Others', 'orderId') };

    expect(() => subscribe({ tables })).toThrow("name 'orders', which 'reserve-stock' does not declare");
  });

  test('on a function of another app', () => {
    const handler = lambda.Function.fromFunctionName(testStack(), 'Imported', 'theirs');

    expect(() => subscribe({ handler })).toThrow('`handler` is no function of this app');
  });

  test('with too large a parallelization factor on a stream', () => {
    expect(() => subscribe({ parallelizationFactor: 11 }, streamChannel)).toThrow('from 1 to 10');
  });

  test('on a function that serves another one already', () => {
    const { stack, subscriber } = subscribe({});
    const ledger = new Ledger(stack, 'Other');
    const channel = new QueueChannel(stack, 'Payments', { ledger, events: [PaymentReceived] });

    expect(() => channel.addSubscriber(SendReceipt, { handler: subscriber.handler })).toThrow(
      "'Shop/Handler' serves the subscriber 'reserve-stock' already: give 'send-receipt' a function of its own",
    );
  });

  test('under a name that its ledger has already', () => {
    const stack = testStack();
    const channel = queueChannel(stack);
    const tables = { stock: tableIn(stack) };
    channel.addSubscriber(ReserveStock, { handler: handlerIn(stack), tables });

    const again = () =>
      new Subscriber(stack, 'Again', { channel, subscriber: ReserveStock, handler: handlerIn(stack, 'Other'), tables });
    expect(again).toThrow("a subscriber 'reserve-stock' already, at 'Shop/Orders/reserve-stock'");
  });

  test('with the path of the construct in the message', () => {
    expect(() => subscribe({ batchSize: 0 })).toThrow("(at 'Shop/Reserve')");
  });
});

test('a subscriber that does not understand what its channel carries is warned about', () => {
  const OrderPlaced2 = defineEvent('order.placed', {
    schema: OrderPlaced.schema,
    key: () => 'key',
    businessLine: 'orders',
    version: 2,
    upgrades: { from: OrderPlaced, by: (old) => old },
  });
  const Late = defineSubscriber('late', { consumes: [OrderPlaced] });
  const stack = testStack();
  const ledger = new Ledger(stack, 'Ledger');
  const channel = new QueueChannel(stack, 'Orders', { ledger, events: [OrderPlaced2] });
  channel.addSubscriber(Late, { handler: handlerIn(stack) });

  Annotations.fromStack(stack).hasWarning('/Shop/Orders/late', Match.stringLikeRegexp('deploy consumers first'));
});

describe('a table is refused', () => {
  const bind = (
    key: Partial<dynamodb.TablePropsV2>,
    item: z.ZodType<{ sku: string }> = z.object({ sku: z.string() }),
  ) => {
    const stack = testStack();
    const Stock = defineTable('stock', { item, partitionKey: 'sku' });
    const stock = new dynamodb.TableV2(stack, 'Stock', { ...sku(AttributeType.STRING), ...key });
    const subscriber = { ...ReserveStock, tables: [Stock] };
    queueChannel(stack).addSubscriber(subscriber, { handler: handlerIn(stack), tables: { stock } });
  };
  const sku = (type: AttributeType) => ({ partitionKey: { name: 'sku', type } });
  const bindByDay = (type: AttributeType) => {
    const stack = testStack();
    const item = z.object({ sku: z.string(), day: z.number() });
    const Stock = defineTable('stock', { item, partitionKey: 'sku', sortKey: 'day' });
    const stock = new dynamodb.TableV2(stack, 'Stock', {
      ...sku(AttributeType.STRING),
      sortKey: { name: 'day', type },
    });
    queueChannel(stack).addSubscriber(
      { ...ReserveStock, tables: [Stock] },
      { handler: handlerIn(stack), tables: { stock } },
    );
  };

  test('whose key differs from its definition, by name or by type', () => {
    expect(() => bind({})).not.toThrow();
    expect(() => bind({ partitionKey: { name: 'id', type: AttributeType.STRING } })).toThrow(
      "has the partition key 'sku' in its definition, and the partition key 'id' in 'Shop/Stock'",
    );
    expect(() => bind({ sortKey: { name: 'day', type: AttributeType.STRING } })).toThrow(
      "has no sort key in its definition, and the sort key 'day' in 'Shop/Stock'",
    );
    expect(() => bind(sku(AttributeType.NUMBER))).toThrow(
      "has the partition key 'sku' of type S by its schema, and of type N in 'Shop/Stock'",
    );
    expect(() => bindByDay(AttributeType.NUMBER)).not.toThrow();
    expect(() => bindByDay(AttributeType.STRING)).toThrow(
      "has the sort key 'day' of type N by its schema, and of type S in 'Shop/Stock'",
    );
    // The schema says nothing of its type.
    expect(() => bind(sku(AttributeType.BINARY), z.object({ sku: z.custom<string>() }))).not.toThrow();
  });

  test('but not one of another app, whose key is not known', () => {
    const stack = testStack();
    const tables = { stock: dynamodb.TableV2.fromTableName(stack, 'Stock', 'stock') };
    const subscribed = () => queueChannel(stack).addSubscriber(ReserveStock, { handler: handlerIn(stack), tables });
    expect(subscribed).not.toThrow();
  });
});

describe('a channel is refused', () => {
  test('that carries nothing', () => {
    const stack = testStack();
    const ledger = new Ledger(stack, 'Ledger');

    expect(() => new QueueChannel(stack, 'Orders', { ledger, events: [] })).toThrow('`events` is empty');
  });

  test('that carries an event type twice', () => {
    const stack = testStack();
    const ledger = new Ledger(stack, 'Ledger');

    expect(() => new QueueChannel(stack, 'Orders', { ledger, events: [OrderPlaced, OrderPlaced] })).toThrow(
      "'order.placed' is in `events` twice",
    );
  });

  test('that would change a stream which it is given', () => {
    const stack = testStack();
    const ledger = new Ledger(stack, 'Ledger');
    const stream = new kinesis.Stream(stack, 'Stream');

    expect(() => new StreamChannel(stack, 'Orders', { ledger, events: [OrderPlaced], stream, shardCount: 2 })).toThrow(
      '`shardCount` cannot change a given `stream`',
    );
  });
});

describe('a ledger is refused', () => {
  test.each(['ab', 'Shop', 'shop_1', '-shop', 'shop-', 'a'.repeat(25)])('that is called %s', (ledgerName) => {
    expect(() => new Ledger(testStack(), 'Ledger', { ledgerName })).toThrow('3 to 24 characters');
    expect(() => Ledger.fromLedgerName(testStack(), 'Ledger', ledgerName)).toThrow('3 to 24 characters');
  });

  test.each([0, 3, 1.5, 8192, -4])('with %d shards', (shards) => {
    expect(() => new Ledger(testStack(), 'Ledger', { shards })).toThrow('a power of two from 1 to 4096');
    expect(() => Ledger.fromLedgerName(testStack(), 'Ledger', 'shop', { shards })).toThrow('a power of two');
  });
});

describe('a function is refused', () => {
  test('that would publish to two ledgers', () => {
    const stack = testStack();
    const producer = handlerIn(stack);
    new Ledger(stack, 'One').grantPublish(producer);

    expect(() => new Ledger(stack, 'Two').grantPublish(producer)).toThrow('WAYBILL_LEDGER');
  });

  test('that would have two tables of one name', () => {
    const stack = testStack();
    const ledger = new Ledger(stack, 'Ledger');
    const producer = handlerIn(stack);
    ledger.grantPublish(producer, { writes: [Orders], tables: { orders: tableIn(stack, 'One', 'orderId') } });

    const tables = { orders: tableIn(stack, 'Two', 'orderId') };
    expect(() => ledger.grantPublish(producer, { writes: [Orders], tables })).toThrow('WAYBILL_TABLE_ORDERS');
  });

  test.each<[string, object, string]>([
    ['a name is misspelt', { writes: [Orders], tables: { order: 'table' } }, "'Producer' declares the tables 'orders'"],
    ['one is not declared', { tables: { orders: 'table' } }, "name 'orders', which 'Producer' does not declare"],
    ['one is not bound', { writes: [Orders] }, "'Producer' declares the tables 'orders'"],
  ])('whose tables do not fit: %s', (_, options, why) => {
    const stack = testStack();
    const producer = handlerIn(stack, 'Producer');
    expect(() => new Ledger(stack, 'Ledger').grantPublish(producer, options)).toThrow(why);
  });

  test('but not for being granted the same again', () => {
    const stack = testStack();
    const ledger = new Ledger(stack, 'Ledger');
    const producer = handlerIn(stack);
    const tables = { orders: tableIn(stack, 'Orders', 'orderId') };
    ledger.grantPublish(producer, { writes: [Orders], tables });

    expect(() => ledger.grantPublish(producer, { writes: [Orders], tables })).not.toThrow();
  });
});

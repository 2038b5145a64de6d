import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';
import {
  CheckBack,
  type IChannel,
  type ICheckBack,
  type ILedger,
  Ledger,
  ProducerFunction,
  QueueChannel,
  type StreamChannel,
  Subscriber,
  type TableBindings,
} from '../../lib/public/constructs.ts';

const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), quantity: z.int() }),
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});
const OrderCancelled = defineEvent('order.cancelled', {
  schema: z.object({ orderId: z.string() }),
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});
const PaymentReceived = defineEvent('payment.received', {
  schema: z.object({ orderId: z.string(), amount: z.string() }),
  key: ({ orderId }) => orderId,
  businessLine: 'payments',
});
const Stock = defineTable('stock', { item: z.object({ sku: z.string() }), partitionKey: 'sku' });
const StockLevels = defineTable('stock-levels', { item: z.object({ sku: z.string() }), partitionKey: 'sku' });

const ReserveStock = defineSubscriber('reserve-stock', { consumes: [OrderPlaced], tables: [Stock, StockLevels] });
const Both = defineSubscriber('both', { consumes: [OrderPlaced, OrderCancelled] });
const SendReceipt = defineSubscriber('send-receipt', { consumes: [PaymentReceived] });
const Mixed = defineSubscriber('mixed', { consumes: [OrderPlaced, PaymentReceived] });

declare const scope: Construct;
declare const ledger: ILedger;
declare const handler: lambda.Function;
declare const table: ITable;
declare const stream: StreamChannel<typeof OrderPlaced>;

const tables = { stock: table, 'stock-levels': table };
const orders = new QueueChannel(scope, 'Orders', { ledger, events: [OrderPlaced, OrderCancelled] });

describe('a channel', () => {
  test('knows the events that it carries', () => {
    expectTypeOf(orders.events[0]!.type).toEqualTypeOf<'order.placed' | 'order.cancelled'>();
    expectTypeOf(orders).toExtend<IChannel>();
  });

  test('takes a subscriber of its events', () => {
    orders.addSubscriber(ReserveStock, { handler, tables });
    orders.addSubscriber(Both, { handler });
    stream.addSubscriber(ReserveStock, { handler, tables, parallelizationFactor: 2 });
    new Subscriber(scope, 'Reserve', { channel: orders, subscriber: ReserveStock, handler, tables });
    new Subscriber(scope, 'Both', { channel: orders, subscriber: Both, handler });
  });

  test('refuses a subscriber of an event that it does not carry', () => {
    // @ts-expect-error 'payment.received' is not carried
    orders.addSubscriber(SendReceipt, { handler });
    // @ts-expect-error one of the two is not carried
    orders.addSubscriber(Mixed, { handler });
    // @ts-expect-error 'order.cancelled' is not on the stream
    stream.addSubscriber(Both, { handler });
    // @ts-expect-error 'payment.received' is not carried
    new Subscriber(scope, 'Receipt', { channel: orders, subscriber: SendReceipt, handler });
    // @ts-expect-error one of the two is not carried
    new Subscriber(scope, 'Mixed', { channel: orders, subscriber: Mixed, handler });
  });
});

describe('the tables of a subscriber', () => {
  test('are bound by their names', () => {
    expectTypeOf<TableBindings<(typeof ReserveStock)['tables']>>().toEqualTypeOf<{
      readonly stock: ITable;
      readonly 'stock-levels': ITable;
    }>();
  });

  test('are all bound', () => {
    // @ts-expect-error no table is bound
    orders.addSubscriber(ReserveStock, { handler });
    // @ts-expect-error 'stock-levels' is not bound
    orders.addSubscriber(ReserveStock, { handler, tables: { stock: table } });
    // @ts-expect-error no table is bound
    new Subscriber(scope, 'Reserve', { channel: orders, subscriber: ReserveStock, handler });
    // @ts-expect-error 'stock-levels' is not bound
    new Subscriber(scope, 'Reserve', { channel: orders, subscriber: ReserveStock, handler, tables: { stock: table } });
  });

  test('are none that it does not declare', () => {
    // @ts-expect-error 'orders' is not declared
    orders.addSubscriber(ReserveStock, { handler, tables: { stock: table, 'stock-levels': table, orders: table } });
    // @ts-expect-error it declares none
    orders.addSubscriber(Both, { handler, tables: { stock: table } });
    // @ts-expect-error 'orders' is not declared
    orders.addSubscriber(ReserveStock, { handler, tables, tableActions: { orders: ['dynamodb:GetItem'] } });
  });

  test('are DynamoDB tables, for actions on single rows', () => {
    // @ts-expect-error a name is no table
    orders.addSubscriber(ReserveStock, { handler, tables: { stock: 'stock', 'stock-levels': table } });
    orders.addSubscriber(ReserveStock, { handler, tables, tableActions: { stock: ['dynamodb:GetItem'] } });
    // @ts-expect-error a transaction does not scan
    orders.addSubscriber(ReserveStock, { handler, tables, tableActions: { stock: ['dynamodb:Scan'] } });
  });
});

test('the tables of a producer are those that it declares, by their names', () => {
  ledger.grantPublish(handler);
  ledger.grantPublish(handler, { producer: 'shop', publishes: [OrderPlaced] });
  ledger.grantPublish(handler, { writes: [Stock, StockLevels], tables });
  orders.grantPublish(handler, { writes: [Stock], tables: { stock: table } });
  // @ts-expect-error the name is misspelt
  ledger.grantPublish(handler, { writes: [Stock], tables: { stok: table } });
  // @ts-expect-error 'stock-levels' is not bound
  ledger.grantPublish(handler, { writes: [Stock, StockLevels], tables: { stock: table } });
  // @ts-expect-error 'orders' is not declared
  ledger.grantPublish(handler, { writes: [Stock], tables: { stock: table, orders: table } });
  // @ts-expect-error no table is declared
  ledger.grantPublish(handler, { tables: { stock: table } });
  // @ts-expect-error no table is declared
  orders.grantPublish(handler, { tables: { stock: table } });
  // @ts-expect-error no table is bound
  ledger.grantPublish(handler, { writes: [Stock] });
  // @ts-expect-error a name is no event
  ledger.grantPublish(handler, { publishes: ['order.placed'] });
});

test('every grant takes events and tables, for functions and for roles', () => {
  const role = {} as iam.IRole;
  const checkBack = {} as ICheckBack;
  ledger.grantPublish(role, { publishes: [OrderPlaced], writes: [Stock], tables: { stock: table } });
  ledger.grantSend(handler, { publishes: [OrderPlaced], writes: [Stock], tables: { stock: table } });
  ledger.grantPrepare(role, { checkBack, writes: [Stock], tables: { stock: table } });
  ledger.grantCancel(handler, {
    writes: [Stock],
    tables: { stock: table },
    tableActions: { stock: ['dynamodb:GetItem'] },
  });
  // @ts-expect-error 'stock' is not bound
  ledger.grantSend(handler, { writes: [Stock] });
  // @ts-expect-error the name is misspelt
  ledger.grantCancel(handler, { writes: [Stock], tables: { stok: table } });
  // @ts-expect-error a half message has a check-back
  ledger.grantPrepare(handler, { writes: [Stock], tables: { stock: table } });
  // @ts-expect-error 'orders' is not declared
  ledger.grantSend(handler, { writes: [Stock], tables: { stock: table }, tableActions: { orders: [] } });
});

test('a producer function takes its ledger, its events and its tables', () => {
  const entry = new URL('file:///place.ts');
  new ProducerFunction(scope, 'A', { entry, ledger });
  new ProducerFunction(scope, 'B', {
    entry,
    ledger,
    publishes: [OrderPlaced],
    writes: [Stock],
    tables: { stock: table },
  });
  // @ts-expect-error 'stock' is not bound
  new ProducerFunction(scope, 'C', { entry, ledger, writes: [Stock] });
  // @ts-expect-error no table is declared
  new ProducerFunction(scope, 'D', { entry, ledger, tables: { stock: table } });
  // @ts-expect-error it publishes to a ledger
  new ProducerFunction(scope, 'E', { entry });
});

test('who prepares half messages names the check-back, and a check-back its function', () => {
  const checkBack = new CheckBack(scope, 'CheckBack', { ledger, handler });
  ledger.grantPrepare(handler, { checkBack });
  ledger.grantSend(handler);
  ledger.grantCancel(handler, { producer: 'support' });
  // @ts-expect-error whom to ask?
  ledger.grantPrepare(handler);
  // @ts-expect-error no function
  new CheckBack(scope, 'Nobody', { ledger });
  // @ts-expect-error there is no such strategy
  new Ledger(scope, 'Other', { delayedDelivery: 'cron' });
});

test('a subscriber needs a handler and a channel', () => {
  // @ts-expect-error no handler
  orders.addSubscriber(Both, {});
  // @ts-expect-error no channel
  new Subscriber(scope, 'Both', { subscriber: Both, handler });
});

import { ConditionalCheckFailedException, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { EventInput } from 'waybill';
import {
  type OrderPlaced,
  Orders,
  type PaymentSucceeded,
  Payments,
  Reservations,
  Sales,
  ShippingNotes,
  Stock,
  type StockReserved,
} from '../../examples/commerce/contract.ts';
import { type Aws, queueUrl, streamName, tableName } from './aws.ts';
import type { QueueStep } from './deployment.ts';

// The example shop as it is written by hand with the AWS SDK: the same rows, queues and stream, conditional writes where a
// row can tell, and no ledger, inbox or idempotency table. Its weak places are those of such a chain: between a write and
// the message that follows it, and wherever a message comes twice to a write that adds.

type Order = EventInput<typeof OrderPlaced>;
type Payment = EventInput<typeof PaymentSucceeded>;
type Reservation = EventInput<typeof StockReserved>;

const COUNTED = { ReturnConsumedCapacity: 'TOTAL' } as const;

/** The producer: keeps the order, then announces it on the queue and on the stream. */
export async function placeOrder(aws: Aws, order: Order): Promise<void> {
  const { paymentSequence, ...row } = order;
  await aws.dynamodb.send(
    new PutItemCommand({
      TableName: tableName(aws, Orders),
      Item: marshall({ ...row, status: 'UNPAID' }),
      ConditionExpression: 'attribute_not_exists(orderId)',
      ...COUNTED,
    }),
  );
  await Promise.all([announceOrder(aws, order), streamOrder(aws, order)]);
}

export function announceOrder(aws: Aws, order: Order): Promise<void> {
  return send(aws, 'take-payment', order);
}

export async function streamOrder(aws: Aws, order: Order): Promise<void> {
  const kinesis = await aws.kinesis();
  await kinesis.send(
    new PutRecordCommand({
      StreamName: streamName(aws),
      PartitionKey: order.orderId,
      Data: Buffer.from(JSON.stringify(order)),
    }),
  );
}

/** An order that is paid already is left alone: the condition makes this step safe to repeat. */
export async function takePayment(aws: Aws, order: Order): Promise<void> {
  const { orderId, customerId, amountCents, paymentSequence } = order;
  try {
    await aws.dynamodb.send(
      new UpdateItemCommand({
        TableName: tableName(aws, Orders),
        Key: marshall({ orderId }),
        UpdateExpression: 'SET #status = :paid',
        ConditionExpression: '#status = :unpaid AND amountCents = :amount',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: marshall({ ':paid': 'PAID', ':unpaid': 'UNPAID', ':amount': amountCents }),
        ...COUNTED,
      }),
    );
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return;
    throw error;
  }
  await aws.dynamodb.send(
    new UpdateItemCommand({
      TableName: tableName(aws, Payments),
      Key: marshall({ orderId, paymentSequence }),
      UpdateExpression: 'SET customerId = :customer ADD amountCents :amount, captures :one',
      ExpressionAttributeValues: marshall({ ':customer': customerId, ':amount': amountCents, ':one': 1 }),
      ...COUNTED,
    }),
  );
  await send(aws, 'reserve-stock', paymentOf(order));
}

export function paymentOf({ placedAt, ...payment }: Order): Payment {
  return payment;
}

/** The condition keeps the stock from falling below nothing. It does not see that the same payment has come before. */
export async function reserveStock(aws: Aws, payment: Payment): Promise<void> {
  const { orderId, sku, quantity } = payment;
  await aws.dynamodb.send(
    new UpdateItemCommand({
      TableName: tableName(aws, Stock),
      Key: marshall({ sku }),
      UpdateExpression: 'ADD quantity :less, version :one',
      ConditionExpression: 'quantity >= :quantity',
      ExpressionAttributeValues: marshall({ ':less': -quantity, ':one': 1, ':quantity': quantity }),
      ...COUNTED,
    }),
  );
  await aws.dynamodb.send(
    new UpdateItemCommand({
      TableName: tableName(aws, Reservations),
      Key: marshall({ orderId }),
      UpdateExpression: 'SET sku = :sku ADD quantity :quantity, reservations :one',
      ExpressionAttributeValues: marshall({ ':sku': sku, ':quantity': quantity, ':one': 1 }),
      ...COUNTED,
    }),
  );
  await send(aws, 'note-shipping', reservationOf(payment));
}

export function reservationOf({ orderId, customerId, sku, quantity }: Payment): Reservation {
  return { orderId, customerId, sku, quantity };
}

export async function noteShipping(aws: Aws, reservation: Reservation): Promise<void> {
  const { orderId, customerId, sku, quantity } = reservation;
  await aws.dynamodb.send(
    new UpdateItemCommand({
      TableName: tableName(aws, ShippingNotes),
      Key: marshall({ orderId }),
      UpdateExpression: 'SET customerId = :customer, sku = :sku, quantity = :quantity ADD copies :one',
      ExpressionAttributeValues: marshall({
        ':customer': customerId,
        ':sku': sku,
        ':quantity': quantity,
        ':one': 1,
      }),
      ...COUNTED,
    }),
  );
}

export async function countSales(aws: Aws, order: Order): Promise<void> {
  const { sku, quantity, amountCents, placedAt } = order;
  await aws.dynamodb.send(
    new UpdateItemCommand({
      TableName: tableName(aws, Sales),
      Key: marshall({ sku, day: placedAt.slice(0, 10) }),
      UpdateExpression: 'ADD orders :one, quantity :quantity, amountCents :amount',
      ExpressionAttributeValues: marshall({ ':one': 1, ':quantity': quantity, ':amount': amountCents }),
      ...COUNTED,
    }),
  );
}

/** Puts a message on the queue of a step. */
export async function send(aws: Aws, step: QueueStep, message: object): Promise<void> {
  await aws.sqs.send(new SendMessageCommand({ QueueUrl: queueUrl(aws, step), MessageBody: JSON.stringify(message) }));
}

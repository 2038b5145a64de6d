import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { parser } from '@aws-lambda-powertools/batch/parser';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { JSONStringified } from '@aws-lambda-powertools/parser/helpers';
import { SqsRecordSchema } from '@aws-lambda-powertools/parser/schemas/sqs';
import { type DynamoDBClient, TransactWriteItemsCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { z } from 'zod';
import { lambdaContext } from './sqs-batch.ts';
import type { StubbedAws } from './stubbed-aws.ts';
import { type MeasuredHandler, orderPlaced, stockReserved } from './workload.ts';

const text = z.string().min(1).max(128);
const count = z.int().positive();

const Order = z.object({
  orderId: text,
  customerId: text,
  sku: text,
  quantity: count,
  amountCents: z.int().nonnegative(),
  paymentSequence: count,
  placedAt: z.iso.datetime(),
});
const Reservation = z.object({ orderId: text, customerId: text, sku: text, quantity: count });

/**
 * The same work as a careful engineer writes it with Powertools: batch with its parser, and idempotency by what names the
 * effect in the business, not by the record. The schema is extended once, not for each record as `innerSchema` does.
 */
export function powertoolsHandlers({ dynamodb, sqs, calls }: StubbedAws): MeasuredHandler {
  const pay = async (order: z.infer<typeof Order>): Promise<void> => {
    const { orderId, customerId, sku, quantity, amountCents, paymentSequence } = order;
    await dynamodb.send(
      new TransactWriteItemsCommand({
        TransactItems: [
          {
            Update: {
              TableName: 'orders',
              Key: marshall({ orderId }),
              UpdateExpression: 'SET #status = :paid',
              ConditionExpression: '#status = :unpaid AND #amount = :amount',
              ExpressionAttributeNames: { '#status': 'status', '#amount': 'amountCents' },
              ExpressionAttributeValues: marshall({ ':paid': 'PAID', ':unpaid': 'UNPAID', ':amount': amountCents }),
            },
          },
          {
            Update: {
              TableName: 'payments',
              Key: marshall({ orderId, paymentSequence }),
              UpdateExpression: 'SET #customer = :customer ADD #amount :amount, #captures :one',
              ExpressionAttributeNames: {
                '#customer': 'customerId',
                '#amount': 'amountCents',
                '#captures': 'captures',
              },
              ExpressionAttributeValues: marshall({ ':customer': customerId, ':amount': amountCents, ':one': 1 }),
            },
          },
        ],
      }),
    );
    const body = JSON.stringify({ orderId, customerId, sku, quantity, amountCents, paymentSequence });
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: 'https://sqs.us-east-1.amazonaws.com/123456789012/payments',
        MessageBody: body,
      }),
    );
  };

  const note = async ({ orderId, customerId, sku, quantity }: z.infer<typeof Reservation>): Promise<void> => {
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: 'shipping-notes',
        Key: marshall({ orderId }),
        UpdateExpression: 'SET #customer = :customer, #sku = :sku, #quantity = :quantity ADD #copies :one',
        ExpressionAttributeNames: {
          '#customer': 'customerId',
          '#sku': 'sku',
          '#quantity': 'quantity',
          '#copies': 'copies',
        },
        ExpressionAttributeValues: marshall({
          ':customer': customerId,
          ':sku': sku,
          ':quantity': quantity,
          ':one': 1,
        }),
      }),
    );
  };

  return {
    name: 'Powertools',
    body: (work, number) => JSON.stringify(work === 'a payment' ? orderPlaced(number) : stockReserved(number)),
    handlers: {
      'one business write': batchHandler(dynamodb, Reservation, 'orderId', note),
      'a payment': batchHandler(dynamodb, Order, '[orderId, paymentSequence]', pay),
    },
    calls,
  };
}

function batchHandler<Schema extends z.ZodType>(
  awsSdkV3Client: DynamoDBClient,
  schema: Schema,
  eventKeyJmesPath: string,
  effect: (payload: z.infer<Schema>) => Promise<void>,
): (event: SQSEvent) => Promise<SQSBatchResponse> {
  const context = lambdaContext();
  const recordSchema = SqsRecordSchema.extend({ body: JSONStringified(schema) });
  const processor = new BatchProcessor(EventType.SQS, { parser, schema: recordSchema });
  const config = new IdempotencyConfig({ eventKeyJmesPath, expiresAfterSeconds: 24 * 3600 });
  const persistenceStore = new DynamoDBPersistenceLayer({ tableName: 'idempotency', awsSdkV3Client });
  const once = makeIdempotent(effect, { persistenceStore, config });
  return async (event) => {
    config.registerLambdaContext(context);
    return processPartialResponse(event, ({ body }: { body: z.infer<Schema> }) => once(body), processor, { context });
  };
}

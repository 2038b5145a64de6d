import { type AttributeValue, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { type AnyTable, tableBinding } from 'waybill';
import type { Environment } from 'waybill/runtime';
import { Sales, ShippingNotes, Stock } from '../../examples/commerce/contract.ts';
import { concurrently } from '../../lib/aws/concurrently.ts';

/** How far a run is, by the two tables in which an order ends. */
export interface Progress {
  readonly noted: number;
  readonly sold: number;
}

const AT_ONCE = 16;

export async function progressOf(environment: Environment, run: string): Promise<Progress> {
  const [notes, sales] = await Promise.all([
    rows(environment, run, ShippingNotes, 'copies'),
    rows(environment, run, Sales, 'orders'),
  ]);
  return { noted: notes.length, sold: sales.reduce((sum, { orders }) => sum + Number(orders?.N ?? 0), 0) };
}

/** Messages in the queues: waiting, hidden and delayed. */
export async function messagesIn({ sqs }: Environment, queueUrls: readonly string[]): Promise<number> {
  const lengths = await Promise.all(
    queueUrls.map(async (QueueUrl) => {
      const { Attributes = {} } = await sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl,
          AttributeNames: [
            'ApproximateNumberOfMessages',
            'ApproximateNumberOfMessagesNotVisible',
            'ApproximateNumberOfMessagesDelayed',
          ],
        }),
      );
      return Object.values(Attributes).reduce((sum, length) => sum + Number(length), 0);
    }),
  );
  return lengths.reduce((sum, length) => sum + length, 0);
}

/** Puts new goods into a shop, whichever chain serves it. */
export async function fillShelves(
  { dynamodb, variables }: Environment,
  quantities: ReadonlyMap<string, number>,
): Promise<void> {
  const TableName = variables[tableBinding(Stock.name)];
  await concurrently(AT_ONCE, [...quantities], ([sku, quantity]) =>
    dynamodb.send(new PutItemCommand({ TableName, Item: marshall({ sku, quantity, initial: quantity, version: 1 }) })),
  );
}

async function rows(
  { dynamodb, variables }: Environment,
  run: string,
  table: AnyTable,
  column: string,
): Promise<Record<string, AttributeValue>[]> {
  const found: Record<string, AttributeValue>[] = [];
  let next: Record<string, AttributeValue> | undefined;
  do {
    const page = await dynamodb.send(
      new ScanCommand({
        TableName: variables[tableBinding(table.name)],
        ConsistentRead: true,
        ProjectionExpression: '#column',
        FilterExpression: 'begins_with(#key, :run)',
        ExpressionAttributeNames: { '#column': column, '#key': table.partitionKey },
        ExpressionAttributeValues: { ':run': { S: `${run}.` } },
        ...(next && { ExclusiveStartKey: next }),
      }),
    );
    found.push(...(page.Items ?? []));
    next = page.LastEvaluatedKey;
  } while (next);
  return found;
}

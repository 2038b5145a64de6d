import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { SQSEvent } from 'aws-lambda';

const client = new DynamoDBClient();

/** Counts each message under its body. */
export async function handler(event: SQSEvent): Promise<void> {
  for (const { body } of event.Records) {
    await client.send(
      new UpdateItemCommand({
        TableName: process.env.TABLE,
        Key: { id: { S: body } },
        UpdateExpression: 'ADD seen :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      }),
    );
  }
  console.log(JSON.stringify({ counted: event.Records.length }));
}

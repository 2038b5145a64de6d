import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { createEnvironment, type Environment } from '../lib/aws/environment.ts';

/** A request as the SDK has serialized it. */
export interface Request {
  /** e.g. `Query` */
  readonly operation: string;
  readonly body: string;
}

/** The clients of an environment of Lambda, whose requests are answered without a network: the SDK does all of its work. */
export function cannedAws(answer: (request: Request) => Promise<Uint8Array>): Pick<Environment, 'dynamodb' | 'sqs'> {
  process.env.AWS_REGION ??= 'us-east-1';
  process.env.AWS_ACCESS_KEY_ID ??= 'AKIDEXAMPLE';
  process.env.AWS_SECRET_ACCESS_KEY ??= 'not a secret';
  const { dynamodb, sqs } = createEnvironment();
  const handle = async (request: { readonly body: Uint8Array | string; readonly headers: Record<string, string> }) => {
    const operation = request.headers['x-amz-target']?.split('.')[1] ?? '';
    const body = await answer({ operation, body: String(Buffer.from(request.body)) });
    return { response: { statusCode: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body } };
  };
  for (const client of [dynamodb as DynamoDBClient, sqs as SQSClient]) {
    client.config.requestHandler = { handle } as unknown as typeof client.config.requestHandler;
  }
  return { dynamodb, sqs };
}

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { type AnyTable, tableBinding } from 'waybill';
import { type QueueStep, queueVariable, STREAM_VARIABLE } from './deployment.ts';

/** The AWS clients of a step, and where everything is. */
export interface Aws {
  readonly dynamodb: Pick<DynamoDBClient, 'send'>;
  readonly sqs: Pick<SQSClient, 'send'>;
  readonly kinesis: () => Promise<Pick<KinesisClient, 'send'>>;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

export function tableName({ variables }: Aws, table: AnyTable): string {
  return bound(variables, tableBinding(table.name));
}

export function queueUrl({ variables }: Aws, step: QueueStep): string {
  return bound(variables, queueVariable(step));
}

export function streamName({ variables }: Aws): string {
  return bound(variables, STREAM_VARIABLE);
}

function bound(variables: Aws['variables'], name: string): string {
  const value = variables[name];
  if (!value) throw new Error(`The environment variable ${name} is not set`);
  return value;
}

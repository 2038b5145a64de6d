import type { Context, KinesisStreamRecord, SQSRecord } from 'aws-lambda';
import { ENVIRONMENT, type Environment } from '../../aws/environment.ts';
import { received, type StoredMessage } from '../engines/index.ts';
import { queueRecord as recordOf } from './queue-record.ts';

/** A message as Lambda hands it to a function. @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
export function queueRecord(name: string, message: Readonly<StoredMessage>): SQSRecord {
  const all = { QueueUrl: name, MessageSystemAttributeNames: ['All' as const], MessageAttributeNames: ['All'] };
  return recordOf({ name, region: 'us-east-1' }, received(message, all));
}

export interface StreamRecordInput {
  readonly data: Uint8Array | string;
  readonly partitionKey: string;
  readonly sequenceNumber: string;
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number;
}

/** A record as Lambda hands it to a function. @see https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html */
export function streamRecord({
  data,
  partitionKey,
  sequenceNumber,
  arrivedAt,
}: StreamRecordInput): KinesisStreamRecord {
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey,
      sequenceNumber,
      data: Buffer.from(data).toString('base64'),
      approximateArrivalTimestamp: arrivedAt / 1000,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `shardId-000000000000:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::000000000000:role/test',
    awsRegion: 'us-east-1',
    eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/test',
  };
}

/**
 * The context of an invocation that runs in the environment.
 *
 * @param milliseconds how long the invocation may take
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html
 */
export function lambdaContext(environment: Environment, request: string, milliseconds: number): Context {
  const end = environment.now() + milliseconds;
  const context: Context = {
    awsRequestId: request,
    callbackWaitsForEmptyEventLoop: true,
    functionName: 'test',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:test',
    logGroupName: '/aws/lambda/test',
    logStreamName: 'test',
    memoryLimitInMB: '128',
    getRemainingTimeInMillis: () => end - environment.now(),
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
  return Object.assign(context, { [ENVIRONMENT]: environment });
}

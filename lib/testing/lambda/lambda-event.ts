import { hash } from 'node:crypto';
import type { Context, KinesisStreamRecord, SQSMessageAttributes, SQSRecord } from 'aws-lambda';
import { ENVIRONMENT, type Environment } from '../../aws/environment.ts';
import { type StoredMessage, systemAttributes } from '../engines/index.ts';

/** A message as Lambda hands it to a function. @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
export function queueRecord(queue: string, message: Readonly<StoredMessage>): SQSRecord {
  const attributes = Object.entries(message.attributes).map(([name, value]) => [
    name,
    {
      dataType: value.DataType ?? 'String',
      ...(value.StringValue !== undefined && { stringValue: value.StringValue }),
      ...(value.BinaryValue && { binaryValue: Buffer.from(value.BinaryValue).toString('base64') }),
      stringListValues: [],
      binaryListValues: [],
    },
  ]);
  return {
    messageId: message.id,
    receiptHandle: message.receiptHandle ?? '',
    body: message.body,
    attributes: systemAttributes(message),
    messageAttributes: Object.fromEntries(attributes) as SQSMessageAttributes,
    md5OfBody: hash('md5', message.body),
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${queue}`,
    awsRegion: 'us-east-1',
  };
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

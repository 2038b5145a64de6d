import type { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Sender } from '../../aws/environment.ts';
import type { FailureDestination } from './mapping.ts';
import type { StreamReader, StreamRecord } from './stream-reader.ts';

/** Why a batch is given up, in Lambda's words; `RecordExpired`: the stream no longer has it. */
export type DiscardCondition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded' | 'RecordExpired';

export interface DiscardedBatch {
  readonly condition: DiscardCondition;
  readonly shardId: string;
  readonly records: readonly StreamRecord[];
  readonly invocations: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface DestinationOptions {
  readonly destination: FailureDestination;
  readonly source: string;
  readonly reader: StreamReader;
  readonly sqs: Sender<SQSClient>;
  readonly s3: () => Promise<Sender<S3Client>>;
  readonly random: (bytes: number) => Uint8Array;
}

/**
 * Tells of a discarded batch as Lambda does: a queue where its records lie in the stream, a bucket with the records.
 *
 * @throws the error of the queue or the bucket when it refuses
 * @see https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
export async function tellDiscarded(batch: DiscardedBatch, options: DestinationOptions): Promise<void> {
  const { destination, source, reader, random } = options;
  const { condition, shardId, records, invocations, at } = batch;
  const id = Buffer.from(random(16)).toString('hex');
  const timestamp = new Date(at).toISOString();
  const report = {
    requestContext: { requestId: id, functionArn: source, condition, approximateInvokeCount: invocations },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    version: '1.0',
    timestamp,
    [reader.batchInfo]: {
      shardId,
      startSequenceNumber: records[0]?.sequenceNumber,
      endSequenceNumber: records.at(-1)?.sequenceNumber,
      approximateArrivalOfFirstRecord: new Date(records[0]?.arrivedAt ?? 0).toISOString(),
      approximateArrivalOfLastRecord: new Date(records.at(-1)?.arrivedAt ?? 0).toISOString(),
      batchSize: records.length,
      streamArn: reader.streamArn,
    },
  };
  if (destination.kind === 'queue') {
    await options.sqs.send(
      new SendMessageCommand({ QueueUrl: destination.queueUrl, MessageBody: JSON.stringify(report) }),
    );
    return;
  }
  const payload = JSON.stringify({ Records: records.map(({ event }) => event) });
  const day = timestamp.slice(0, 10).replaceAll('-', '/');
  const time = timestamp.slice(0, 19).replaceAll(':', '.');
  const s3 = await options.s3();
  await s3.send(
    await putObject({
      Bucket: destination.bucket,
      Key: `aws/lambda/${source}/${shardId}/${day}/${time}-${id}`,
      Body: JSON.stringify({ ...report, payload }),
    }),
  );
}

async function putObject(input: ConstructorParameters<typeof PutObjectCommand>[0]): Promise<PutObjectCommand> {
  const sdk = await import('@aws-sdk/client-s3');
  return new sdk.PutObjectCommand(input);
}

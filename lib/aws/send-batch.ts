import { type MessageAttributeValue, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { concurrently } from './concurrently.ts';
import type { Environment } from './environment.ts';
import { errorCode, errorMessage, mayPass } from './errors.ts';
import { NOT_BEFORE } from './record.ts';
import { jitter } from './retry.ts';

/** A message for an SQS queue. */
export interface QueueEntry {
  readonly body: string;
  /** Message attributes of type String. Values are not empty, and at most 10. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** The `AWSTraceHeader`, which does not count towards the size. */
  readonly traceHeader?: string;
  /** From 0 to 900; in a FIFO queue the consumer waits it out. @default the queue's own delay */
  readonly delaySeconds?: number;
  /** Its place in a FIFO queue: other queues take none. @default a group of its own */
  readonly fifo?: FifoPlace;
}

/** Where a message lies in a FIFO queue. Each id is of 1 to 128 characters from `!` to `~`. */
export interface FifoPlace {
  /** Those of a group are delivered one after the other. */
  readonly group: string;
  /** Within five minutes the queue takes one message of the group under an id. */
  readonly deduplicationId: string;
}

/** A record for a Kinesis stream. */
export interface StreamRecord {
  readonly data: Uint8Array;
  readonly partitionKey: string;
}

/** An entry that was still refused, or not answered for, when retrying ended. */
export interface FailedEntry {
  /** Its place in what was given. */
  readonly index: number;
  /** What SQS or Kinesis called the failure. */
  readonly code: string;
  readonly detail: string;
  /** Whether it was refused for what it is or where it goes, which no waiting mends. */
  readonly lasting: boolean;
}

/** What one request may carry. */
export interface BatchLimits {
  readonly entries: number;
  readonly bytes: number;
}

/**
 * 10 messages, and 1 MiB as the sum of their bodies and attributes.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
 */
export const QUEUE_BATCH: BatchLimits = { entries: 10, bytes: 1024 * 1024 };

/**
 * 500 records, and 10 MiB with their partition keys.
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
 */
export const STREAM_BATCH: BatchLimits = { entries: 500, bytes: 10 * 1024 * 1024 };

const REQUESTS_AT_ONCE = 8;
const TRIES = 4;
/** Milliseconds after which nothing is tried again: what still fails is the caller's, who has a deadline. */
const PATIENCE_MS = 10_000;

/** Milliseconds to rest before the nth repeat, from 1; `undefined` to give up. */
export type Pauses = (repeat: number) => number | undefined;

/**
 * Sends messages to a queue in full batches and tries again the entries that the reply reports as failed by no fault of
 * the sender, or does not report at all.
 *
 * A request that timed out may have been carried out: then its messages are there twice, but for those of a FIFO queue.
 *
 * @param pauses by default backoff with jitter, thrice and within 10 s
 * @returns the entries that are not known to be sent, in their order; empty when all were
 */
export function sendMessages(
  environment: Environment,
  queueUrl: string,
  entries: readonly QueueEntry[],
  pauses: Pauses = patiently(environment),
): Promise<FailedEntry[]> {
  const placed = isFifo(queueUrl) ? entries.map((entry) => placedIn(environment, entry)) : entries;
  return sendUntilDone(environment, placed, pauses, QUEUE_BATCH, queueEntryBytes, async (batch) => {
    const reply = await environment.sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: batch.map(queueRequest),
      }),
    );
    const sent = new Set(reply.Successful?.map((entry) => entry.Id));
    return batch.map((_, place) => {
      if (sent.has(String(place))) return undefined;
      const failure = reply.Failed?.find((entry) => entry.Id === String(place));
      if (!failure) return unanswered('SendMessageBatch');
      const { Code = 'unknown', Message = '', SenderFault = false } = failure;
      return { code: Code, detail: Message, lasting: SenderFault };
    });
  });
}

/**
 * Puts records into a stream in full batches and tries again, with backoff and jitter, those that the reply reports as
 * failed. Retried records come after the others: a stream written by this does not keep the order that was given.
 *
 * @param pauses by default backoff with jitter, thrice and within 10 s
 * @returns the records that are not known to be in the stream, in their order; empty when all are
 */
export function putRecords(
  environment: Environment,
  streamName: string,
  records: readonly StreamRecord[],
  pauses: Pauses = patiently(environment),
): Promise<FailedEntry[]> {
  return sendUntilDone(environment, records, pauses, STREAM_BATCH, streamRecordBytes, async (batch) => {
    const { PutRecordsCommand } = await import('./kinesis-client.ts');
    const kinesis = await environment.kinesis();
    const reply = await kinesis.send(
      new PutRecordsCommand({
        StreamName: streamName,
        Records: batch.map(({ data, partitionKey }) => ({ Data: data, PartitionKey: partitionKey })),
      }),
    );
    return batch.map((_, place) => {
      const result = reply.Records?.[place];
      if (!result) return unanswered('PutRecords');
      if (!result.ErrorCode) return undefined;
      return { code: result.ErrorCode, detail: result.ErrorMessage ?? '', lasting: false };
    });
  });
}

/**
 * Cuts entries into batches that keep both limits, in their order. An entry that is larger than a whole request is a
 * batch of its own, for the service to refuse.
 */
export function cutIntoBatches<Entry>(
  entries: readonly Entry[],
  limits: BatchLimits,
  bytesOf: (entry: Entry) => number,
): Entry[][] {
  const batches: Entry[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = bytesOf(entry);
    const batch = batches.at(-1);
    if (batch && batch.length < limits.entries && bytes + size <= limits.bytes) {
      batch.push(entry);
      bytes += size;
    } else {
      batches.push([entry]);
      bytes = size;
    }
  }
  return batches;
}

/** What SQS counts of a message: its body, and each attribute's name, type and value. */
export function queueEntryBytes({ body, attributes = {} }: QueueEntry): number {
  return Object.entries(attributes).reduce(
    (bytes, [name, value]) => bytes + Buffer.byteLength(name) + 'String'.length + Buffer.byteLength(value),
    Buffer.byteLength(body),
  );
}

function streamRecordBytes({ data, partitionKey }: StreamRecord): number {
  return data.byteLength + Buffer.byteLength(partitionKey);
}

type Failure = Omit<FailedEntry, 'index'>;

/** Sends one request, and says for each entry how it failed, if it did. */
export type SendOne<Entry> = (batch: readonly Entry[]) => Promise<(Failure | undefined)[]>;

/** Sends entries in full batches, and again those that failed by no fault of the sender, until none is left or time is up. */
export async function sendUntilDone<Entry>(
  environment: Environment,
  entries: readonly Entry[],
  pauses: Pauses,
  limits: BatchLimits,
  bytesOf: (entry: Entry) => number,
  sendOne: SendOne<Entry>,
): Promise<FailedEntry[]> {
  const failed = new Map<number, Failure>();
  let pending = entries.map((entry, index) => ({ entry, index, bytes: bytesOf(entry) }));
  for (let repeat = 1; pending.length > 0; repeat++) {
    const batches = cutIntoBatches(pending, limits, ({ bytes }) => bytes);
    await concurrently(REQUESTS_AT_ONCE, batches, async (batch) => {
      const failures = await answered(sendOne, batch);
      for (const [place, { index }] of batch.entries()) {
        const failure = failures[place];
        if (failure) failed.set(index, failure);
        else failed.delete(index);
      }
    });
    pending = pending.filter(({ index }) => failed.get(index)?.lasting === false);
    const pause = pauses(repeat);
    if (pause === undefined) break;
    if (pending.length > 0) await environment.sleep(pause);
  }
  return [...failed].map(([index, failure]) => ({ index, ...failure })).sort((one, other) => one.index - other.index);
}

/** Backoff with jitter, thrice and within 10 s. */
export function patiently(environment: Environment): Pauses {
  const giveUp = environment.now() + PATIENCE_MS;
  return (repeat) => {
    const pause = jitter(environment, repeat);
    return repeat === TRIES || environment.now() + pause > giveUp ? undefined : pause;
  };
}

/** A request that failed as a whole failed for each of its entries. */
async function answered<Entry>(
  sendOne: SendOne<Entry>,
  batch: readonly { readonly entry: Entry }[],
): Promise<(Failure | undefined)[]> {
  try {
    return await sendOne(batch.map(({ entry }) => entry));
  } catch (error) {
    const failure = { code: errorCode(error), detail: errorMessage(error), lasting: !mayPass(error) };
    return batch.map(() => failure);
  }
}

function unanswered(operation: string): Failure {
  return { code: 'unanswered', detail: `The reply of ${operation} does not name this entry`, lasting: false };
}

/** Whether a queue keeps order, as its name says. */
export function isFifo(queueUrl: string): boolean {
  return queueUrl.endsWith('.fifo');
}

/** A FIFO queue delays no single message, so that one says from when on it may be handled. */
function placedIn(environment: Environment, { delaySeconds, ...entry }: QueueEntry): QueueEntry {
  const id = Buffer.from(environment.random(16)).toString('hex');
  const placed = { fifo: { group: id, deduplicationId: id }, ...entry };
  if (!delaySeconds) return placed;
  return {
    ...placed,
    attributes: { ...entry.attributes, [NOT_BEFORE]: String(environment.now() + delaySeconds * 1000) },
  };
}

function queueRequest({ body, attributes, traceHeader, delaySeconds, fifo }: QueueEntry, place: number) {
  return {
    Id: String(place),
    MessageBody: body,
    DelaySeconds: delaySeconds,
    MessageAttributes: attributes && mapValues(attributes, stringAttribute),
    MessageSystemAttributes: traceHeader === undefined ? undefined : { AWSTraceHeader: stringAttribute(traceHeader) },
    ...(fifo && { MessageGroupId: fifo.group, MessageDeduplicationId: fifo.deduplicationId }),
  };
}

function stringAttribute(value: string): MessageAttributeValue & { DataType: 'String' } {
  return { DataType: 'String', StringValue: value };
}

function mapValues<Value, Result>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

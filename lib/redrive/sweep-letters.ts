import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { quietly } from '../aws/environment.ts';
import { errorTrace } from '../aws/errors.ts';
import { ATTRIBUTES } from '../aws/record.ts';
import { getRows } from '../ledger/batch-get.ts';
import { deleteRow, type Ledger } from '../ledger/ledger.ts';
import { partition } from '../ledger/partition.ts';
import { deadPartition, readDeadKey } from '../ledger/rows/dead.ts';
import { inboxKey } from '../ledger/rows/inbox.ts';
import type { RedriveRow } from '../ledger/rows/redrive.ts';
import { isMessageId } from '../message/message-id.ts';

/** For so long a letter that stays is hidden from others, if the sweep does not come to its end. */
const HIDDEN_SECONDS = 60;
const BATCH = 10;

/** How far a sweep came. */
export interface Swept {
  /** Letters that were taken out. */
  readonly swept: number;
  readonly done: boolean;
}

/**
 * Takes the letters out of a dead-letter queue whose messages are dead no more, so that its depth says how many are. The
 * others are hidden while it runs, and visible again at its end.
 *
 * @param until when to begin nothing more, in milliseconds since the epoch: the next call goes on
 */
export async function sweepLetters(
  ledger: Ledger,
  { subscriber }: RedriveRow,
  queueUrl: string,
  until: number,
): Promise<Swept> {
  let swept = 0;
  const done = await walkLetters(ledger, queueUrl, until, async (letters) => {
    const dead = await deadAmong(ledger, subscriber, letters);
    const mended = letters.filter((letter) => !dead.has(letter));
    if (mended.length > 0) {
      const Entries = mended.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      const reply = await ledger.environment.sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
      swept += reply.Successful?.length ?? 0;
    }
    return [...dead];
  });
  return { swept, done };
}

/**
 * Looks at every letter of a dead-letter queue once, ten at a time. They are hidden from others meanwhile.
 *
 * @param visit answers with the letters that stay
 * @returns whether it came to the end before its time was up
 */
export async function walkLetters(
  ledger: Ledger,
  queueUrl: string,
  until: number,
  visit: (letters: readonly Message[]) => Promise<readonly Message[]>,
): Promise<boolean> {
  const { environment } = ledger;
  const kept: Message[] = [];
  while (environment.now() < until) {
    const { Messages: letters = [] } = await environment.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: BATCH,
        VisibilityTimeout: HIDDEN_SECONDS,
        MessageAttributeNames: Object.values(ATTRIBUTES),
        // Asks every server of the queue: a short poll may miss what is there.
        WaitTimeSeconds: 1,
      }),
    );
    if (letters.length === 0) {
      await show(ledger, queueUrl, kept);
      return true;
    }
    kept.push(...(await visit(letters)));
  }
  return false;
}

/** Those letters of a batch that are to stay: of what is dead still, of records that are no message, of another subscriber. */
async function deadAmong(ledger: Ledger, subscriber: string, letters: readonly Message[]): Promise<Set<Message>> {
  const ids = new Map(letters.map((letter) => [letter, idIn(letter, subscriber)]));
  const keys = [...new Set(ids.values())].flatMap((id) => (id === undefined ? [] : [inboxKey(subscriber, id)]));
  const rows = await getRows(ledger, keys);
  const mended = new Set(
    rows.filter(({ state, republished }) => state?.S !== 'dead' || republished).map(({ sk }) => sk?.S),
  );
  return new Set(letters.filter((letter) => !mended.has(ids.get(letter))));
}

/** The message of a letter of this subscriber's. */
export function idIn({ MessageAttributes: attributes = {} }: Message, subscriber: string): string | undefined {
  const id = attributes[ATTRIBUTES.messageId]?.StringValue;
  return attributes[ATTRIBUTES.subscriber]?.StringValue === subscriber && isMessageId(id) ? id : undefined;
}

/** Where it fails, they are visible a minute later. */
async function show({ environment }: Ledger, queueUrl: string, letters: readonly Message[]): Promise<void> {
  for (let start = 0; start < letters.length; start += BATCH) {
    const Entries = letters.slice(start, start + BATCH).map(({ ReceiptHandle }, index) => ({
      Id: String(index),
      ReceiptHandle,
      VisibilityTimeout: 0,
    }));
    try {
      await environment.sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }));
    } catch (error) {
      quietly(() => environment.log.warn('letters hidden', errorTrace(error)));
    }
  }
}

/** Deletes the rows of what is dead no more, which a handler had no room for, or two deliveries at once have left. */
export async function dropStaleRows(ledger: Ledger, { subscriber, shards, upTo }: RedriveRow): Promise<void> {
  for (let shard = 0; shard < shards; shard++) {
    const options = { to: `${new Date(upTo).toISOString()}#~` };
    for await (const page of partition(ledger, deadPartition(subscriber, shard), options)) {
      const rows = page.map(({ pk, sk }) => ({ pk: pk?.S ?? '', sk: sk?.S ?? '' }));
      const keys = rows
        .map((row) => readDeadKey(row).id)
        .filter(isMessageId)
        .map((id) => inboxKey(subscriber, id));
      const ends = await getRows(ledger, [...new Map(keys.map((key) => [key.sk, key])).values()]);
      const ended = new Map(ends.map(({ sk, state, hops }) => [sk?.S, { state: state?.S, ended: hops?.M?.ended?.N }]));
      for (const row of rows) {
        const { id, died } = readDeadKey(row);
        const end = ended.get(id);
        if (end && (end.state !== 'dead' || Number(end.ended) !== died)) await deleteRow(ledger, row);
      }
    }
  }
}

import type { DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { environmentOf, quietly } from '../aws/environment.ts';
import { type Counts, summarize } from '../aws/invocation.ts';
import { requestCheckBacks, type Undecided } from '../half/check-back-request.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { outboxRowOf, readOutboxRow, reportCorrupt } from '../ledger/outbox.ts';
import type { Row } from '../ledger/partition.ts';
import { RouteBooks } from '../ledger/route-book.ts';
import { HALF_PREFIX, OUTBOX_PREFIX } from '../ledger/rows/layout.ts';
import { raiseShards } from '../ledger/shards.ts';
import type { Envelope } from '../message/envelope.ts';
import { isMessageId } from '../message/message-id.ts';
import { dispatch } from './dispatch.ts';
import { readLater } from './hand-over.ts';

/** The Lambda handler of the relay. */
export type Relay = (event: DynamoDBStreamEvent, context?: object) => Promise<void>;

/**
 * The relay: sends every message that was committed to the ledger to whoever expects it, and writes a receipt. What is due
 * later it puts to wait. Of each half message that was prepared it has the producer asked for the decision.
 *
 * What a destination refuses goes into the forward queue, and is tried again there for that destination alone: the batch
 * does not come again for everybody. It throws when the ledger or the forward queue fails. Then the event source delivers
 * the whole batch again, and some copies are sent twice, which their subscribers' inboxes see. So the event source must
 * not report single records as failed, and must retry.
 *
 * Rows that a producer sends itself, by handshake, it passes over. What it leaves out, it counts in its summary line: what
 * `dispatch` does, `corrupt` (an outbox row that is no message: logged with its key, and left in the ledger),
 * `newerFormat` (a row whose format is not known here: the forward queue has it read again until it is), and `askedLater` (half messages whose check-back did not take the request: reconciliation asks when they are ten minutes old).
 *
 * @throws SendFailed naming the destinations
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 */
export function createRelay(): Relay {
  const books = new RouteBooks();
  return async (event, context) => {
    const environment = environmentOf(context);
    const ledger = ledgerOf(environment);
    const book = books.of(ledger);
    const fields = { records: event.Records.length };
    await summarize(environment, 'relay', fields, async (counts) => {
      // Before anything is sent, so that no batch comes again for it. Rows of handshakes lie in the ledger too.
      await raiseShards(ledger, idsIn(event.Records));
      const { envelopes, later: unread, halves } = read(ledger, event.Records, counts);
      await dispatch(ledger, book, envelopes, counts);
      await readLater(environment, unread);
      // A queue that does not take its requests must not hold up everybody's messages: reconciliation asks instead.
      const later = (await requestCheckBacks(environment, halves, counts)).filter(({ gone }) => !gone);
      counts.add('askedLater', later.length);
      for (const { half, code } of later)
        quietly(() => environment.log.warn('check-back later', { half, reason: code }));
    });
  };
}

/** The ids of the messages and half messages that were written. */
function idsIn(records: readonly DynamoDBRecord[]): string[] {
  const written = records.filter(({ eventName }) => eventName === 'INSERT');
  return written.map(({ dynamodb }) => dynamodb?.Keys?.sk?.S ?? '').filter(isMessageId);
}

interface Read {
  readonly envelopes: Envelope[];
  /** The ids of messages whose rows are of a format that is not known yet. */
  readonly later: string[];
  readonly halves: Undecided[];
}

/** The messages of the batch, and the half messages. */
function read(ledger: Ledger, records: readonly DynamoDBRecord[], counts: Counts): Read {
  const batch: Read = { envelopes: [], later: [], halves: [] };
  for (const { eventName, dynamodb } of records) {
    const { Keys, NewImage } = dynamodb ?? {};
    const key = { pk: Keys?.pk?.S ?? '', sk: Keys?.sk?.S ?? '' };
    const inserted = eventName === 'INSERT';
    if (inserted && key.pk.startsWith(OUTBOX_PREFIX) && !NewImage?.sending) {
      const row = outboxRowOf({ ...(NewImage as Row | undefined), pk: { S: key.pk }, sk: { S: key.sk } });
      const content = readOutboxRow(ledger, row, counts);
      if (content.kind === 'message') batch.envelopes.push(content.envelope);
      else if (content.kind === 'later') batch.later.push(content.id);
    } else if (inserted && key.pk.startsWith(HALF_PREFIX)) {
      const checkBackQueue = NewImage?.checkBackQueue?.S;
      if (checkBackQueue) batch.halves.push({ sk: key.sk, checkBackQueue });
      else reportCorrupt(ledger, key, 'it names no queue for its check-back', counts);
    } else {
      counts.add('ignored');
    }
  }
  return batch;
}

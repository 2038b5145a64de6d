import type { DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { decodeEnvelope, type Envelope, encodeEnvelope, OUTBOX_PREFIX, SendFailed } from '../contract/index.ts';
import { type Bindings, bindingsOf } from './bindings.ts';
import { concurrently } from './concurrently.ts';
import { type Environment, environmentOf } from './environment.ts';
import { errorCode } from './error-code.ts';
import { fanOut, type Shipment } from './fan-out.ts';
import { type Counts, summarize } from './invocation-summary.ts';
import { quietly } from './quietly.ts';
import { writeReceipts } from './receipt.ts';
import { RouteBook } from './route-book.ts';
import { type FailedEntry, putRecords, sendMessages } from './send-batch.ts';
import { traceHeader } from './trace-header.ts';

/** The Lambda handler of the relay. */
export type Relay = (event: DynamoDBStreamEvent, context?: object) => Promise<void>;

const SHIPMENTS_AT_ONCE = 4;

/**
 * The relay: sends every message that was committed to the ledger to whoever expects it, and writes a receipt.
 *
 * It throws when a copy could not be sent or a receipt not be written: then the event source delivers the whole batch
 * again, and some copies are sent twice, which their subscribers' inboxes see. So the event source must not report
 * single records as failed, and must retry.
 *
 * What it leaves out, it counts in its summary line: `expired` (past the envelope's `expires`), `unrouted` (nobody
 * expects it), `corrupt` (an outbox row that is no message: logged with its key, and left in the ledger), `removed`
 * (copies for a subscriber that has been removed, refused by its queue or stream).
 *
 * @throws SendFailed naming the destinations
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 */
export function createRelay(): Relay {
  const books = new WeakMap<Environment, RouteBook>();
  return async (event, context) => {
    const environment = environmentOf(context);
    const bindings = bindingsOf(environment);
    const book = books.get(environment) ?? new RouteBook(environment, bindings.ledger);
    books.set(environment, book);
    const fields = { records: event.Records.length };
    await summarize(environment, 'relay', fields, async (counts) => {
      try {
        await relay(environment, bindings, book, event.Records, counts);
      } catch (error) {
        // A destination may have moved or gone since the routes were read: the next try asks again.
        book.forget();
        throw error;
      }
    });
  };
}

async function relay(
  environment: Environment,
  bindings: Bindings,
  book: RouteBook,
  records: readonly DynamoDBRecord[],
  counts: Counts,
): Promise<void> {
  const envelopes = outboxEnvelopes(environment, records, counts);
  const routes = await book.routesOf(envelopes);
  const routed = routes.filter((some) => some.length > 0).length;
  counts.add('relayed', routed);
  counts.add('unrouted', envelopes.length - routed);

  const shipments = fanOut(envelopes, routes);
  const delivered = await concurrently(SHIPMENTS_AT_ONCE, shipments, async (shipment) => {
    const failed = await ship(environment, shipment);
    return { shipment, failed, dropped: shipment.removed && failed.every(({ lasting }) => lasting) };
  });
  refuseFailed(delivered.filter(({ failed, dropped }) => failed.length > 0 && !dropped));

  const sent = delivered.map(({ shipment, failed }) => {
    const missed = new Set(failed.map(({ index }) => index));
    counts.add('copies', shipment.envelopes.length - missed.size);
    counts.add('removed', missed.size);
    return { to: shipment.to, ids: shipment.envelopes.filter((_, index) => !missed.has(index)).map(({ id }) => id) };
  });
  counts.add('receipts', await writeReceipts(environment, bindings.ledger, bindings.shards, sent));
}

/** The messages of the batch that may still be sent, each stamped with the moment of relaying. */
function outboxEnvelopes(environment: Environment, records: readonly DynamoDBRecord[], counts: Counts): Envelope[] {
  const now = environment.now();
  const relayed = new Date(now).toISOString();
  return records.flatMap((record) => {
    if (record.eventName !== 'INSERT' || !record.dynamodb?.Keys?.pk?.S?.startsWith(OUTBOX_PREFIX)) {
      counts.add('ignored');
      return [];
    }
    const envelope = readOutbox(environment, record);
    if (!envelope) counts.add('corrupt');
    else if (Date.parse(envelope.expires) <= now) counts.add('expired');
    else return [{ ...envelope, relayed }];
    return [];
  });
}

/** The message in an outbox row. One that cannot be read must not hold up the shard: its row stays in the ledger. */
function readOutbox(environment: Environment, { dynamodb }: DynamoDBRecord): Envelope | undefined {
  const sk = dynamodb?.Keys?.sk?.S;
  try {
    const envelope = decodeEnvelope(dynamodb?.NewImage?.envelope?.S ?? '');
    if (envelope.id === sk) return envelope;
    reportCorrupt(environment, dynamodb, 'the envelope has another id than its row');
  } catch (error) {
    reportCorrupt(environment, dynamodb, errorCode(error));
  }
  return undefined;
}

function reportCorrupt(environment: Environment, dynamodb: DynamoDBRecord['dynamodb'], reason: string): void {
  const fields = { pk: dynamodb?.Keys?.pk?.S, sk: dynamodb?.Keys?.sk?.S, reason };
  quietly(() => environment.log.error('corrupt outbox row', fields));
}

function ship(environment: Environment, { destination, envelopes }: Shipment): Promise<FailedEntry[]> {
  if (destination.kind === 'queue') {
    const entries = envelopes.map((envelope) => ({
      body: encodeEnvelope(envelope),
      traceHeader: traceHeader(envelope.traceparent),
    }));
    return sendMessages(environment, destination.url, entries);
  }
  const records = envelopes.map((envelope) => ({
    data: Buffer.from(encodeEnvelope(envelope)),
    partitionKey: envelope.partitionkey,
  }));
  return putRecords(environment, destination.name, records);
}

function refuseFailed(
  delivered: readonly { readonly shipment: Shipment; readonly failed: readonly FailedEntry[] }[],
): void {
  if (delivered.length === 0) return;
  const named = delivered.map(({ shipment: { to, envelopes }, failed }) => {
    const codes = new Set(failed.map(({ code }) => code));
    return `${failed.length} of ${envelopes.length} copies to '${to}' (${[...codes].join(', ')})`;
  });
  throw new SendFailed(`Not sent: ${named.join('; ')}. The batch comes again`);
}

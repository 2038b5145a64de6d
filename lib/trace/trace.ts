import { concurrently } from '../aws/concurrently.ts';
import type { Environment } from '../aws/environment.ts';
import { MalformedMessage, UnknownMessage } from '../contract/errors.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { minuteOf } from '../contract/timestamp.ts';
import type { InspectionOptions } from '../inspect/inspection.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { rowsOf } from '../ledger/partition.ts';
import { outboxPartition } from '../ledger/rows/outbox.ts';
import { withEveryShard } from '../ledger/shards.ts';
import { isMessageId, keyShard } from '../message/message-id.ts';
import { type Committed, messageIn, readMessage } from './committed-message.ts';
import type { TracedMessage } from './traced-message.ts';
import { tracerOf } from './tracer.ts';

const READS_AT_ONCE = 8;

/**
 * Follows a message from the root of its chain: every hop of every message that came of it, from the rows that the hops
 * wrote anyway.
 *
 * @throws MalformedMessage when it is no message id
 * @throws UnknownMessage when no such message was committed to the ledger, or its rows have been cleaned up
 */
export async function trace(environment: Environment, options: InspectionOptions, id: string): Promise<TracedMessage> {
  if (!isMessageId(id)) throw new MalformedMessage(`'${String(id).slice(0, 64)}' is not a message id`);
  const ledger = await withEveryShard(ledgerOf(environment, options));
  const message = await readMessage(ledger, id);
  if (!message) throw new UnknownMessage(`No message '${id}' was committed to the ledger '${options.ledger}'`);
  const root = await readMessage(ledger, message.envelope.correlationid);
  return (await tracerOf(ledger, options)).message(root ?? message);
}

/**
 * Follows every chain in which a message of a business key was committed since a moment: one query a minute, because the
 * key's hash gives the shard. Oldest first; empty when there is none.
 *
 * @param since milliseconds since the epoch
 */
export async function traceKey(
  environment: Environment,
  options: InspectionOptions,
  key: string,
  since: number,
): Promise<TracedMessage[]> {
  const ledger = await withEveryShard(ledgerOf(environment, options));
  const partitions: string[] = [];
  for (let time = since - (since % MINUTE_MS); time <= environment.now() + MINUTE_MS; time += MINUTE_MS) {
    for (const shard of shardsOf(key, ledger.shards)) partitions.push(outboxPartition(minuteOf(time), shard));
  }
  const rows = await concurrently(READS_AT_ONCE, partitions, (pk) => rowsOf(ledger, pk));
  const messages = rows.flat().flatMap((item) => {
    const mayBe = item.key ? item.key.S === key : item.envelope?.S?.includes(JSON.stringify(key));
    const read = mayBe ? messageIn(ledger, item) : undefined;
    return read?.envelope.partitionkey === key ? [read] : [];
  });
  const roots = new Map<string, Committed>();
  for (const message of messages.sort((one, other) => (one.envelope.id < other.envelope.id ? -1 : 1))) {
    const { correlationid } = message.envelope;
    if (!roots.has(correlationid)) roots.set(correlationid, message);
  }
  const tracer = await tracerOf(ledger, options);
  return concurrently(READS_AT_ONCE, [...roots], async ([id, message]) => {
    const root = await readMessage(ledger, id);
    return tracer.message(root ?? message);
  });
}

/** The shards that may hold a key's messages: those of every number of shards that the ledger may have had. */
function shardsOf(key: string, shards: number): number[] {
  const counts = Array.from({ length: Math.log2(shards) + 1 }, (_, power) => 2 ** power);
  return [...new Set(counts.map((count) => keyShard(key, count)))];
}

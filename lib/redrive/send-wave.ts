import { unmarshall } from '@aws-sdk/util-dynamodb';
import { ATTRIBUTES } from '../aws/record.ts';
import { type QueueEntry, sendMessages } from '../aws/send-batch.ts';
import { SendFailed } from '../contract/errors.ts';
import { LIMITS } from '../contract/limits.ts';
import { getRows } from '../ledger/batch-get.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { writeReceipts } from '../ledger/receipt.ts';
import { type FailureRow, failureKey } from '../ledger/rows/failure.ts';
import { type InboxRow, inboxKey } from '../ledger/rows/inbox.ts';
import type { RedriveRow } from '../ledger/rows/redrive.ts';
import { ownQueueUrl, type Route } from '../ledger/rows/route.ts';
import { momentOf, secondsUntil } from '../message/delivery-time.ts';
import { type Envelope, encodeEnvelope } from '../message/envelope.ts';
import { messageTime } from '../message/message-id.ts';
import { traceHeader } from '../message/trace-context.ts';
import type { Candidate } from './candidates.ts';
import { republish } from './republish.ts';
import type { SubscriberRoutes } from './subscriber-routes.ts';
import { type Fate, fateOf } from './wave.ts';

/**
 * Sends messages to the subscriber's own queue, each as it was committed, under the operation's name, and no more a second
 * than it may. One that has expired, or is in the outbox no more, is left out: nothing would handle it.
 *
 * @returns the ids of those that were sent
 * @throws SendFailed when one is not known to be sent: the wave is sent again as a whole, and the inbox decides
 */
export async function sendWave(
  ledger: Ledger,
  row: RedriveRow,
  routes: SubscriberRoutes,
  candidates: readonly Candidate[],
): Promise<string[]> {
  const { environment } = ledger;
  const now = environment.now();
  const copies: { readonly envelope: Envelope; readonly route: Route }[] = [];
  const anew: string[] = [];
  for (const { envelope, died } of candidates) {
    const route = envelope && (await routes.present(envelope.type));
    if (!route) continue;
    if (Date.parse(envelope.expires) > now) copies.push({ envelope, route });
    else if (row.republish && died !== undefined) anew.push((await republish(ledger, row, envelope, died)) ?? '');
  }
  for (const [url, group] of Map.groupBy(copies, ({ route }) => ownQueueUrl(route.destination))) {
    const entries = group.map(({ envelope }, place) => entryOf(row, envelope, now, Math.floor(place / row.maxRate)));
    const [failed] = await sendMessages(environment, url, entries);
    if (failed) throw new SendFailed(`The queue of '${row.subscriber}' does not take a redrive: ${failed.code}`);
  }
  const ids = copies.map(({ envelope }) => envelope.id);
  // Of what was dead there is evidence enough.
  if (row.selection.kind === 'range' && ids.length > 0) {
    for (const [to, group] of Map.groupBy(copies, ({ route }) => destinationOf(route))) {
      await writeReceipts(ledger, [{ to, ids: group.map(({ envelope }) => envelope.id) }]);
    }
  }
  return [...ids, ...anew.filter((id) => id !== '')];
}

function entryOf({ operation, outOfOrder }: RedriveRow, envelope: Envelope, now: number, pace: number): QueueEntry {
  const seconds = Math.max(pace, secondsUntil(momentOf(envelope), now));
  return {
    body: encodeEnvelope({ ...envelope, relayed: new Date(now).toISOString() }),
    attributes: { [ATTRIBUTES.redrive]: operation, ...(outOfOrder && { [ATTRIBUTES.outOfOrder]: '1' }) },
    traceHeader: traceHeader(envelope.traceparent),
    ...(seconds > 0 && { delaySeconds: Math.min(seconds, LIMITS.queueDelaySeconds) }),
  };
}

function destinationOf({ subscriber, destination }: Route): string {
  return destination.kind === 'queue' ? subscriber : destination.name;
}

/** What became of the messages that are out. */
export async function fatesOf(
  ledger: Ledger,
  { subscriber, operation, wave, started }: RedriveRow,
): Promise<Map<string, Fate>> {
  const keys = wave.open.flatMap((id) => [inboxKey(subscriber, id), failureKey(subscriber, id)]);
  const ends = new Map<string, InboxRow>();
  const failures = new Map<string, FailureRow>();
  for (const item of await getRows(ledger, keys)) {
    const one = unmarshall(item) as InboxRow | FailureRow;
    if ('state' in one) ends.set(one.sk, one);
    else failures.set(one.sk, one);
  }
  return new Map(
    wave.open.map((id) => {
      const end = ends.get(id);
      const failed = failures.get(id);
      // What was published anew comes by the relay, which names no operation: nobody else has sent it.
      const isNew = messageTime(id) > started;
      const [endedBy, failedBy] = isNew
        ? [end && operation, failed && failed.attempts > 0 ? operation : undefined]
        : [end?.redrive, failed?.redrive];
      const traces = { state: end?.state, endedBy, failedBy };
      return [id, fateOf(traces, operation)];
    }),
  );
}

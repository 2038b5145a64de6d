import { ATTRIBUTES } from '../aws/record.ts';
import { sendMessages } from '../aws/send-batch.ts';
import { CommitUndecided, SendFailed } from '../contract/errors.ts';
import { readFence, readFirstParked } from '../ledger/fence.ts';
import { type Ledger, updateRow } from '../ledger/ledger.ts';
import { envelopeIn, readOutbox } from '../ledger/outbox.ts';
import { type LastRow, lastKey, type ParkRow, parkedNumber } from '../ledger/rows/order.ts';
import { ownQueueUrl, type Route } from '../ledger/rows/route.ts';
import { type Envelope, encodeEnvelope } from '../message/envelope.ts';
import { traceHeader } from '../message/trace-context.ts';
import { commit } from '../transaction/commit.ts';
import { passOver, placeIn, placeOfParked } from './fence-actions.ts';

/** Where a subscriber's key is drained. */
export interface Drained {
  readonly subscriber: string;
  readonly key: string;
  /** The subscriber's own queue: of a stream or FIFO subscriber, its retry queue. */
  readonly queueUrl: string;
  /** A message that has ended: of it nothing is sent, though its row is still there. */
  readonly ended?: string | undefined;
  /** Of that message: whether it holds up those behind it. @default they may pass */
  readonly holds?: boolean;
}

/** Stands for the operation where a message was sent again by none. */
export const DRAINED = 'order';

/**
 * Passes the baton: sends the first message of a key that is parked, if its turn has come, and passes over those that have
 * ended before theirs. Safe at any time, and whoever may have been the last to move the fence does it.
 *
 * @returns the id of the message that was sent; `undefined` where none was due
 * @throws SendFailed, CommitUndecided: it is to be tried again
 */
export async function drain(ledger: Ledger, drained: Drained, until: number): Promise<string | undefined> {
  const { subscriber, key } = drained;
  while (ledger.environment.now() < until) {
    const last = await readFence(ledger, subscriber, key);
    if (!last?.parked) return undefined;
    const first = await readFirstParked(ledger, subscriber, key);
    if (!first) {
      await forgetParked(ledger, drained, last);
      return undefined;
    }
    const step = stepOf(drained, first, last);
    if (step === 'wait') return undefined;
    if (step === 'send' && (await send(ledger, drained, first))) return first.id;
    const place = placeOfParked(subscriber, key, first);
    // Refused, somebody else has moved the fence: it is looked at again.
    await commit(ledger.environment, passOver(ledger, place, last, step !== 'drop'), until);
  }
  throw new CommitUndecided(`The messages of a key that are parked at '${subscriber}' could not be looked at in time`);
}

/** Drains the key of a message that has ended at a subscriber by somebody else than its function. */
export async function drainBehind(ledger: Ledger, envelope: Envelope, route: Route, until: number): Promise<void> {
  const place = placeIn(envelope, route.subscriber);
  if (!place) return;
  const { subscriber, key } = place;
  await drain(ledger, { subscriber, key, queueUrl: ownQueueUrl(route.destination) }, until);
}

/** `pass`: it has ended, so that the fence moves past it. `drop`: its row is left from before, or it holds up the others. */
type Step = 'wait' | 'send' | 'pass' | 'drop';

function stepOf({ ended, holds = false }: Drained, first: ParkRow, { n = 0 }: LastRow): Step {
  if (parkedNumber(first) <= n) return 'drop';
  if (first.after > n) return 'wait';
  if (first.pass) return 'pass';
  if (first.id !== ended) return 'send';
  return holds ? 'drop' : 'pass';
}

/** @returns false where the message is not in the ledger any more: it has expired long ago */
async function send(ledger: Ledger, { queueUrl }: Drained, { id, redriven }: ParkRow): Promise<boolean> {
  const row = await readOutbox(ledger, id);
  if (!row) return false;
  const envelope = envelopeIn(ledger, row);
  const { environment } = ledger;
  const relayed = new Date(environment.now()).toISOString();
  const entry = {
    body: encodeEnvelope({ ...envelope, relayed }),
    traceHeader: traceHeader(envelope.traceparent),
    ...(redriven && { attributes: { [ATTRIBUTES.redrive]: redriven } }),
  };
  const [failed] = await sendMessages(environment, queueUrl, [entry]);
  if (failed) throw new SendFailed(`'${id}', whose turn has come, could not be sent: ${failed.code}`);
  return true;
}

/**
 * Rows of parked messages may have expired one by one. None is forgotten that was parked since the fence was seen: one that was
 * seen may have died meanwhile, which leaves the fence where it was, so that count and number are as before.
 */
async function forgetParked(
  ledger: Ledger,
  { subscriber, key }: Drained,
  { n, parked, parks }: LastRow,
): Promise<void> {
  const seen = Object.entries({ n, parked, parks });
  const same = seen.map(([name, value]) =>
    value === undefined ? `attribute_not_exists(${name})` : `${name} = :${name}`,
  );
  const values = seen.flatMap(([name, value]) => (value === undefined ? [] : [[`:${name}`, { N: String(value) }]]));
  await updateRow(ledger, lastKey(subscriber, key), {
    UpdateExpression: 'REMOVE parked',
    ConditionExpression: same.join(' AND '),
    ExpressionAttributeValues: Object.fromEntries(values),
  });
}

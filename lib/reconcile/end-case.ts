import { errorCode } from '../aws/errors.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { MessageExpired } from '../contract/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { EndState } from '../ledger/rows/inbox.ts';
import type { Route } from '../ledger/rows/route.ts';
import { type Envelope, encodeEnvelope } from '../message/envelope.ts';
import { drainBehind } from '../order/drain.ts';
import { passActions } from '../order/pass.ts';
import { endMessage } from '../transaction/end-message.ts';
import type { Case } from './cases.ts';
import { committedEnvelope, sendExpired } from './resend.ts';

/**
 * Ends the message of a case at its subscriber, unless it has ended there.
 *
 * @returns how it ended
 * @throws UnknownMessage when the outbox does not hold it
 */
export async function endAs(ledger: Ledger, one: Case, route: Route | undefined, state: EndState): Promise<EndState> {
  const envelope = await committedEnvelope(ledger, one.id);
  if (state === 'abandoned') await quarantineUnfinished(ledger, one, envelope);
  return write(ledger, one, envelope, route, { state });
}

/**
 * Ends a message as dead that has expired at a subscriber before it ended there. Its outbox row will go, so that a copy of it
 * goes into the quarantine bucket; its letter is sent by the subscriber, which is sent the message where it lacks it.
 *
 * @param lacks whether the message is not in the subscriber's queue
 * @returns how it ended
 * @throws UnknownMessage when the outbox does not hold it
 */
export async function endAsExpired(ledger: Ledger, one: Case, route: Route, lacks: boolean): Promise<EndState> {
  const envelope = await committedEnvelope(ledger, one.id);
  await quarantineUnfinished(ledger, one, envelope);
  if (lacks) await sendIfPossible(ledger, envelope, route);
  const { code, message } = new MessageExpired(`It expired at ${envelope.expires}, before it ended`);
  return write(ledger, one, envelope, route, { state: 'dead', reason: code, detail: message });
}

/** For how long a row is tried. */
const PATIENCE_MS = 5_000;

/** Where there is no queue any more there is no letter: the row says dead, and why. */
async function sendIfPossible(ledger: Ledger, envelope: Envelope, route: Route): Promise<void> {
  try {
    await sendExpired(ledger, envelope, route);
  } catch (error) {
    const { id: messageId } = envelope;
    const { subscriber } = route;
    ledger.environment.log.warn('no dead letter', { messageId, subscriber, error: errorCode(error) });
  }
}

async function write(
  ledger: Ledger,
  { subscriber }: Case,
  envelope: Envelope,
  route: Route | undefined,
  end: { readonly state: EndState; readonly reason?: string; readonly detail?: string },
): Promise<EndState> {
  const by = { deliveries: 0, function: 'reconciler', request: '', redriven: false };
  const now = ledger.environment.now();
  const until = now + PATIENCE_MS;
  // Whoever waits for it goes on.
  const passes = route?.ordered ? await passActions(ledger, subscriber, envelope) : [];
  const ending = { subscriber, envelope, received: now, ...end, ...by };
  const state = await endMessage(ledger, ending, until, passes);
  if (route && passes.length > 0) await drainBehind(ledger, envelope, route, until);
  return state;
}

/** Where no bucket is bound, as in a deployment of version 0.1, the outbox row is all there is. */
async function quarantineUnfinished({ environment }: Ledger, { id, subscriber }: Case, envelope: Envelope) {
  const bucket = environment.variables[BINDINGS.quarantineBucket];
  if (!bucket) return;
  const { PutObjectCommand } = await import('../aws/s3-client.ts');
  const s3 = await environment.s3();
  const key = `${UNFINISHED}/${subscriber}/${id}`;
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: encodeEnvelope(envelope) }));
}

/** Where the messages lie in the bucket that nobody has ended. */
const UNFINISHED = 'unfinished';

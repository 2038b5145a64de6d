import { MalformedMessage } from '../contract/errors.ts';
import { readGraph } from '../ledger/graph.ts';
import { readInbox } from '../ledger/inbox.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isOwed } from '../ledger/rows/route.ts';
import { isMessageId } from '../message/message-id.ts';
import { committedEnvelope, sendAgain } from '../reconcile/resend.ts';
import { NotExpected } from './errors.ts';

/**
 * Sends a message to one of its subscribers again, as self-healing does: the subscriber's inbox decides whether it still
 * takes effect.
 *
 * @throws MalformedMessage, UnknownMessage, NotExpected, MessageExpired, MessageNotDue, SendFailed
 */
export async function redrive(ledger: Ledger, id: string, subscriber: string): Promise<void> {
  if (!isMessageId(id)) throw new MalformedMessage(`'${String(id).slice(0, 64)}' is not a message id`);
  const { type } = await committedEnvelope(ledger, id);
  const graph = await readGraph(ledger);
  const route = graph.expectedOf(id, type).find((expected) => expected.subscriber === subscriber);
  const former = route?.adoptedFrom === undefined ? undefined : await readInbox(ledger, route.adoptedFrom, id);
  // What a former subscriber may still handle is not its successor's.
  if (!route || !isOwed(route, () => former?.state))
    throw new NotExpected(`'${subscriber.slice(0, 64)}' does not expect '${id}'`);
  await sendAgain(ledger, id, route);
}

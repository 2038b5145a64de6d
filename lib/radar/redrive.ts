import { MalformedMessage } from '../contract/errors.ts';
import { readGraph } from '../ledger/graph.ts';
import type { Ledger } from '../ledger/ledger.ts';
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
  if (!route) throw new NotExpected(`'${subscriber.slice(0, 64)}' does not expect '${id}'`);
  await sendAgain(ledger, id, route);
}

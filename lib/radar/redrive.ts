import type { Environment } from '../aws/environment.ts';
import { MalformedMessage } from '../contract/errors.ts';
import { readGraph } from '../ledger/graph.ts';
import { isMessageId } from '../message/message-id.ts';
import { committedEnvelope, resend } from '../reconcile/resend.ts';
import { NotExpected } from './errors.ts';

/**
 * Sends a message to one of its subscribers again, as self-healing does: the subscriber's inbox decides whether it still
 * takes effect.
 *
 * @throws MalformedMessage, UnknownMessage, NotExpected, MessageExpired, MessageNotDue, SendFailed
 */
export async function redrive(
  environment: Environment,
  { ledger, shards }: { readonly ledger: string; readonly shards: number },
  id: string,
  subscriber: string,
): Promise<void> {
  if (!isMessageId(id)) throw new MalformedMessage(`'${String(id).slice(0, 64)}' is not a message id`);
  const { type } = await committedEnvelope(environment, ledger, id);
  const graph = await readGraph(environment, ledger);
  const route = graph.expectedOf(id, type).find((expected) => expected.subscriber === subscriber);
  if (!route) throw new NotExpected(`'${subscriber.slice(0, 64)}' does not expect '${id}'`);
  await resend(environment, { ledger, shards }, id, route);
}

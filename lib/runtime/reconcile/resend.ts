import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import {
  decodeEnvelope,
  type Envelope,
  encodeEnvelope,
  MessageExpired,
  outboxKey,
  ownQueueUrl,
  type Route,
  SendFailed,
  UnknownMessage,
} from '../../contract/index.ts';
import type { Environment } from '../environment.ts';
import { toItem } from '../expression.ts';
import { writeReceipts } from '../receipt.ts';
import { sendMessages } from '../send-batch.ts';
import { traceHeader } from '../trace-header.ts';

/**
 * Sends a committed message to one subscriber's own queue again, and writes a receipt. It is safe at any time: where the
 * message has ended meanwhile, or comes by another way too, the subscriber's inbox decides.
 *
 * @throws UnknownMessage when the outbox does not hold it
 * @throws MessageExpired when it is past its `expires`: nothing would handle it
 * @throws SendFailed when the queue does not take it
 */
export async function resend(
  environment: Environment,
  { ledger, shards }: { readonly ledger: string; readonly shards: number },
  id: string,
  route: Pick<Route, 'subscriber' | 'destination'>,
): Promise<void> {
  const envelope = await committedEnvelope(environment, ledger, id);
  const now = environment.now();
  if (Date.parse(envelope.expires) <= now) throw new MessageExpired(`'${id}' expired at ${envelope.expires}`);
  const body = encodeEnvelope({ ...envelope, relayed: new Date(now).toISOString() });
  const entry = { body, traceHeader: traceHeader(envelope.traceparent) };
  const [failed] = await sendMessages(environment, ownQueueUrl(route.destination), [entry]);
  if (failed) throw new SendFailed(`'${id}' could not be sent to '${route.subscriber}': ${failed.code}`);
  const to = route.destination.kind === 'queue' ? route.subscriber : route.destination.name;
  await writeReceipts(environment, ledger, shards, [{ to, ids: [id] }]);
}

async function committedEnvelope(environment: Environment, ledger: string, id: string): Promise<Envelope> {
  const reply = await environment.dynamodb.send(
    new GetItemCommand({
      TableName: ledger,
      Key: toItem(outboxKey(id)),
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    }),
  );
  if (!reply.Item) throw new UnknownMessage(`No message '${id}' is in the ledger '${ledger}'`);
  return decodeEnvelope(reply.Item.envelope?.S ?? '');
}

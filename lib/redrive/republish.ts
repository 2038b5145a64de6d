import { toItem } from '../aws/attribute.ts';
import { CommitUndecided, LimitExceeded } from '../contract/errors.ts';
import { LIMITS } from '../contract/limits.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { readRoutes } from '../ledger/route-book.ts';
import { deadKey } from '../ledger/rows/dead.ts';
import { inboxKey } from '../ledger/rows/inbox.ts';
import { outboxRow } from '../ledger/rows/outbox.ts';
import type { RedriveRow } from '../ledger/rows/redrive.ts';
import { expected } from '../ledger/rows/route.ts';
import { learnKeys, sealed } from '../ledger/signing.ts';
import type { Envelope } from '../message/envelope.ts';
import { withNewId } from '../message/with-new-id.ts';
import type { Action } from '../transaction/action.ts';
import { commit } from '../transaction/commit.ts';
import { inboxAction } from '../transaction/end-message.ts';

/** Milliseconds: an id is minted for no longer. */
const COMMIT_MS = 10_000;
/** The message, the mark on its old inbox row, and what made it dead. */
const OWN_ACTIONS = 3;

/**
 * Publishes a dead message that has expired anew, for one subscriber alone: in one transaction the new message is committed,
 * is cancelled at every other subscriber that would expect it, and takes the place of the old one, so that it is done once.
 * One of a sequence takes no number: it is handled whenever it comes, and nobody waits for it.
 *
 * @returns the new message's id; `undefined` where it was done before
 * @throws LimitExceeded when the event type has too many subscribers for one transaction
 * @throws CommitUndecided when it is not known whether it is done
 */
export async function republish(
  ledger: Ledger,
  { subscriber, operation }: RedriveRow,
  old: Envelope,
  died: number,
): Promise<string | undefined> {
  const { environment, table, shards } = ledger;
  await learnKeys(environment);
  const now = environment.now();
  const envelope = { ...withNewId(environment, shards, old, undefined), causationid: old.id };
  const routes = expected(envelope.id, await readRoutes(ledger, envelope.type));
  const others = routes.filter((route) => route.subscriber !== subscriber);
  if (others.length > LIMITS.transactionActions - OWN_ACTIONS) {
    throw new LimitExceeded(`'${old.type}' has ${others.length} other subscribers: too many to leave them out`);
  }
  const by = { deliveries: 0, function: operation, request: '', redriven: false };
  const cancelled = others.map((route) => {
    const ending = { subscriber: route.subscriber, envelope, state: 'cancelled' as const, received: now, ...by };
    return inboxAction(ledger, ending);
  });
  const row = outboxRow(sealed(environment, envelope));
  const actions: Action[] = [
    { item: { Put: { TableName: table, Item: toItem(row) } }, role: { kind: 'outbox' }, row: 'it' },
    ...cancelled,
    {
      item: {
        Update: {
          TableName: table,
          Key: toItem(inboxKey(subscriber, old.id)),
          UpdateExpression: 'SET republished = :id',
          ConditionExpression: '#state = :dead AND attribute_not_exists(republished)',
          ExpressionAttributeNames: { '#state': 'state' },
          ExpressionAttributeValues: toItem({ ':id': envelope.id, ':dead': 'dead' }),
        },
      },
      role: { kind: 'business', otherwise: 'duplicate' },
      row: 'the inbox row of the old message',
    },
    {
      item: { Delete: { TableName: table, Key: toItem(deadKey(subscriber, { id: old.id, died }, shards)) } },
      role: { kind: 'companion', of: 'dead' },
      row: 'the row of a dead message',
    },
  ];
  const result = await commit(environment, actions, now + COMMIT_MS);
  if (result.kind === 'committed') return envelope.id;
  if (result.kind === 'conditionFailed') return undefined;
  throw new CommitUndecided(`'${old.id}' could not be published anew: ${result.kind}`);
}

import { toItem } from '../aws/attribute.ts';
import { concurrently } from '../aws/concurrently.ts';
import { jitter } from '../aws/retry.ts';
import { BINDINGS } from '../contract/bindings.ts';
import {
  CommitUndecided,
  LimitExceeded,
  TransactionMisused,
  TransactionRefused,
  UnknownMessage,
} from '../contract/errors.ts';
import { LIMITS } from '../contract/limits.ts';
import { STEP_COMMANDS } from '../contract/step.ts';
import { effectsTombstone, readEffects } from '../ledger/effect.ts';
import { writtenFormat } from '../ledger/format.ts';
import { readInbox } from '../ledger/inbox.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { envelopeIn, readOutbox } from '../ledger/outbox.ts';
import { readRoutes } from '../ledger/route-book.ts';
import type { EndState } from '../ledger/rows/inbox.ts';
import { type OutboxRow, outboxKey, outboxRow } from '../ledger/rows/outbox.ts';
import { expected, lingering, type Route } from '../ledger/rows/route.ts';
import { learnKeys, sealed } from '../ledger/signing.ts';
import type { Envelope } from '../message/envelope.ts';
import { messageTime } from '../message/message-id.ts';
import { passActions } from '../order/pass.ts';
import type { Action } from '../transaction/action.ts';
import { commit } from '../transaction/commit.ts';
import { inboxAction } from '../transaction/end-message.ts';
import { COMMIT_MS } from '../transaction/pending-transaction.ts';

/** How a message has ended at a subscriber; `begun`: it has not, but an effect outside has begun there. */
export type EndOrBegun = EndState | 'begun';

/** What became of the message. */
export type CancelOutcome =
  /** It takes effect nowhere, and `replacement` in its place. */
  | { readonly kind: 'cancelled'; readonly id: string; readonly replacement?: string }
  /** It had been cancelled before. */
  | { readonly kind: 'already-cancelled'; readonly id: string; readonly subscribers: readonly string[] }
  /** It has ended at these subscribers, and nothing was changed. */
  | { readonly kind: 'ended'; readonly id: string; readonly ended: Readonly<Record<string, EndOrBegun>> };

const READS_AT_ONCE = 8;
/** The outbox row, and the one of the message in its place. */
const OWN_ACTIONS = 2;
/** The fence of an ordered subscriber, and the row of a message that is to be passed over. */
const FENCE_ACTIONS = 2;

/**
 * Cancels a message at every subscriber that expects it, or at none: one transaction writes `cancelled` into each
 * inbox, on condition that it holds nothing of the message, and marks the outbox row. A delivery writes the same inbox row
 * on the same condition, so that of two at once one takes effect. Of a message that was rescheduled, the one in its place
 * is cancelled.
 *
 * Whoever comes to expect it later is told by the outbox row: sweep and healing look there.
 *
 * @param replace makes the message in its place, which is committed in the same transaction
 * @throws UnknownMessage, LimitExceeded, CommitUndecided, TransactionRefused
 * @throws TransactionMisused when it is a command of a saga, or a message of a sequence is to be replaced
 */
export async function cancelMessage(
  ledger: Ledger,
  messageId: string,
  replace?: (envelope: Envelope) => Envelope,
): Promise<CancelOutcome> {
  const { environment } = ledger;
  if (replace) await learnKeys(environment);
  const until = environment.now() + COMMIT_MS;
  let id = messageId;
  for (let repeats = 0; ; repeats++) {
    const row = await readPresent(ledger, id);
    const envelope = envelopeIn(ledger, row);
    id = envelope.id;
    if (envelope.type.startsWith(STEP_COMMANDS)) {
      throw new TransactionMisused(
        `'${envelope.type}' is a command of a saga, which waits for its end: stop the execution '${envelope.causationid}', and what it has done is undone`,
      );
    }
    const routes = everyReader(id, await readRoutes(ledger, envelope.type));
    const all = routes.map(({ subscriber }) => subscriber);
    if (row.cancelled !== undefined) return { kind: 'already-cancelled', id, subscribers: all };
    // The first try finds out by itself.
    const ends = repeats === 0 ? {} : await endsOf(ledger, id, routes);
    // Where its subscriber was removed, it takes no effect anyway.
    const open = routes.filter(({ subscriber }) => ends[subscriber] !== 'abandoned');
    const ended = Object.fromEntries(Object.entries(ends).filter(([, state]) => state !== 'abandoned'));
    // Somebody else has cancelled it in between: the outbox row says so by now.
    if (Object.values(ended).includes('cancelled')) continue;
    if (Object.keys(ended).length > 0) return { kind: 'ended', id, ended };

    if (replace && envelope.order !== undefined) {
      throw new TransactionMisused(
        `'${envelope.type}' is in a sequence, where each message has its place: cancel '${id}', and publish another`,
      );
    }
    const replacement = replace?.(envelope);
    const actions = await actionsOf(ledger, envelope, open, replacement);
    const by = replacement ? Math.min(until, messageTime(replacement.id) + COMMIT_MS) : until;
    const decision = await commit(environment, actions, by);
    if (decision.kind === 'committed') {
      return { kind: 'cancelled', id, ...(replacement && { replacement: replacement.id }) };
    }
    if (decision.kind === 'refused') {
      throw new TransactionRefused(`DynamoDB refused ${actions[decision.index]?.row ?? 'it'}: ${decision.code}`);
    }
    // Somebody was faster: how it ended is in the rows.
    const pause = jitter(environment, repeats);
    if (environment.now() + pause >= until) {
      throw new CommitUndecided(`'${id}' kept changing while it was to be cancelled: nothing was applied`);
    }
    if (repeats > 0) await environment.sleep(pause);
  }
}

/** Who expects a message, and who may handle it though it was removed. */
function everyReader(id: string, routes: readonly Route[]): Route[] {
  const readers = expected(id, routes);
  const names = new Set(readers.map(({ subscriber }) => subscriber));
  return [...readers, ...lingering(id, routes).filter(({ subscriber }) => !names.has(subscriber))];
}

/** The outbox row of a message, or, where it was rescheduled, of the last one in its place. */
async function readPresent(ledger: Ledger, messageId: string): Promise<OutboxRow> {
  for (let id = messageId; ; ) {
    const row = await readOutbox(ledger, id);
    if (!row) throw new UnknownMessage(`No message '${id}' is in the ledger '${ledger.table}'`);
    if (row.replacedBy === undefined) return row;
    id = row.replacedBy;
  }
}

async function endsOf(ledger: Ledger, id: string, routes: readonly Route[]): Promise<Record<string, EndOrBegun>> {
  const rows = await concurrently(READS_AT_ONCE, routes, async ({ subscriber, effects }) => {
    const row = await readInbox(ledger, subscriber, id);
    if (row) return [[subscriber, row.state] as const];
    const begun = effects && (await readEffects(ledger, subscriber, id));
    return begun?.taken ? [[subscriber, 'begun'] as const] : [];
  });
  return Object.fromEntries(rows.flat());
}

async function actionsOf(
  ledger: Ledger,
  envelope: Envelope,
  routes: readonly Route[],
  replacement: Envelope | undefined,
): Promise<Action[]> {
  const most = LIMITS.transactionActions - OWN_ACTIONS;
  const withEffects = routes.filter(({ effects }) => effects);
  const ordered = routes.filter((route) => route.ordered);
  if (routes.length + withEffects.length + FENCE_ACTIONS * ordered.length > most) {
    const those = [
      ...(withEffects.length > 0 ? [`, ${withEffects.length} of them with effects outside, which count twice`] : []),
      ...(ordered.length > 0 ? [`, ${ordered.length} of them ordered, which count thrice`] : []),
    ].join('');
    throw new LimitExceeded(
      `'${envelope.type}' has ${routes.length} subscribers${those}: a message of at most ${most} can be cancelled`,
    );
  }
  const { environment, table } = ledger;
  const { producer, subscriber: consumer } = BINDINGS;
  const name = environment.variables[producer] ?? environment.variables[consumer] ?? 'producer';
  const now = environment.now();
  const inboxes = routes.map(({ subscriber }): Action => {
    const by = { function: name, request: '', redriven: false };
    const ending = { subscriber, envelope, state: 'cancelled' as const, received: now, deliveries: 0, ...by };
    return { ...inboxAction(ledger, ending), row: `the inbox row of '${subscriber}'` };
  });
  const effects = withEffects.map(({ subscriber }): Action => {
    const item = { Put: effectsTombstone(ledger, subscriber, envelope) };
    return { item, role: { kind: 'business', otherwise: 'retry' }, row: `the effects of '${subscriber}'` };
  });
  const fences = await concurrently(READS_AT_ONCE, ordered, ({ subscriber }) =>
    passActions(ledger, subscriber, envelope),
  );
  const mark = markAction(table, envelope.id, now, replacement);
  return [...inboxes, ...fences.flat(), ...effects, mark, ...outboxActions(ledger, replacement)];
}

function markAction(table: string, id: string, now: number, replacement: Envelope | undefined): Action {
  const item = {
    Update: {
      TableName: table,
      Key: toItem(outboxKey(id)),
      UpdateExpression: replacement ? 'SET cancelled = :now, replacedBy = :by' : 'SET cancelled = :now',
      ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(cancelled)',
      ExpressionAttributeValues: toItem({ ':now': now, ':by': replacement?.id }),
    },
  };
  return { item, role: { kind: 'business', otherwise: 'retry' }, row: 'the outbox row' };
}

function outboxActions(ledger: Ledger, envelope: Envelope | undefined): Action[] {
  if (!envelope) return [];
  const row = outboxRow(sealed(ledger.environment, envelope), writtenFormat(ledger), ledger.table);
  const item = { Put: { TableName: ledger.table, Item: toItem(row) } };
  return [{ item, role: { kind: 'outbox' }, row: 'the new message' }];
}

import { toItem } from '../aws/attribute.ts';
import { CommitUndecided, TransactionRefused } from '../contract/errors.ts';
import { noteCause } from '../ledger/cause.ts';
import { deadRow } from '../ledger/dead.ts';
import { type Ending, inboxPut } from '../ledger/inbox.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { deadKey } from '../ledger/rows/dead.ts';
import type { EndState } from '../ledger/rows/inbox.ts';
import type { Action } from './action.ts';
import { commit } from './commit.ts';

/** The action that writes how a message ended, on condition that it has not ended yet. */
export function inboxAction(ledger: Ledger, ending: Ending): Action {
  return { item: { Put: inboxPut(ledger, ending) }, role: { kind: 'inbox' }, row: 'the inbox row' };
}

/**
 * Who is owed something at the end of a message, whatever the end is: actions that commit together with its inbox row.
 *
 * - What dies gets a row by which operators find it.
 * - What was dead loses that row.
 */
export function companionsOf(ledger: Ledger, ending: Ending): Action[] {
  const { table, shards } = ledger;
  const { subscriber, envelope, before } = ending;
  const dead = ending.state === 'dead' ? toItem(deadRow(ledger, ending)) : undefined;
  const companions: Action[] = dead ? [{ item: { Put: { TableName: table, Item: dead } }, ...DEAD }] : [];
  if (before?.state !== 'dead') return companions;
  const Key = toItem(deadKey(subscriber, { id: envelope.id, died: before.hops.ended }, shards));
  // What dies again in the same millisecond has the same row.
  const same = dead?.sk?.S === Key.sk?.S;
  return same ? companions : [...companions, { item: { Delete: { TableName: table, Key } }, ...DEAD, spare: true }];
}

const DEAD = { role: { kind: 'companion', of: 'dead' }, row: 'the row of a dead message' } as const;

/**
 * Ends a message without any business effect.
 *
 * @param until when to stop trying, in milliseconds since the epoch
 * @param beside what else is written with it
 * @returns how it ended: the given state, or that of the row that was there already
 * @throws CommitUndecided when it is not known then
 */
export async function endMessage(
  ledger: Ledger,
  unended: Ending,
  until: number,
  beside: readonly Action[] = [],
): Promise<EndState> {
  const ending = { ...unended, ended: ledger.environment.now() };
  const actions = [inboxAction(ledger, ending), ...companionsOf(ledger, ending), ...beside];
  const result = await commit(ledger.environment, actions, until);
  switch (result.kind) {
    case 'committed':
      if (ending.state === 'dead') await noteCause(ledger, ending);
      return ending.state;
    case 'ended':
      return result.state;
    case 'refused':
      throw new TransactionRefused(`DynamoDB refused ${actions[result.index]?.row ?? 'the inbox row'}: ${result.code}`);
    default:
      throw new CommitUndecided(`'${ending.envelope.id}' could not be ended: ${result.kind}`);
  }
}

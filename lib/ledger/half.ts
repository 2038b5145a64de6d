import { toItem } from '../aws/attribute.ts';
import { UnknownMessage } from '../contract/errors.ts';
import { DAY_MS } from '../contract/time.ts';
import { getRow, type Ledger, putRow, updateRow } from './ledger.ts';
import { type HalfRow, halfKey } from './rows/half.ts';
import { untilKnown, type Write } from './until-known.ts';

/** Nobody decides a half message by forgetting it: its row stays for a year, and a decided one for a month. */
export const UNDECIDED_LIFE_MS = 366 * DAY_MS;
const ROLLED_BACK_LIFE_MS = 30 * DAY_MS;

/**
 * A half message's row, read consistently.
 *
 * @throws UnknownMessage when there is none
 * @throws MalformedMessage when it is no half id
 */
export async function readHalf(ledger: Ledger, halfId: string): Promise<HalfRow> {
  const row = await getRow<HalfRow>(ledger, halfKey(halfId));
  if (!row) throw unknownHalf(halfId);
  return row;
}

export function unknownHalf(halfId: string): UnknownMessage {
  return new UnknownMessage(`No half message '${halfId}' was prepared, or its row has been cleaned up`);
}

/** Puts the row of a new half message. One that is there already is its own: nobody else has this id. */
export function putHalf(ledger: Ledger, row: HalfRow, until: number): Promise<Write<HalfRow>> {
  return untilKnown(ledger.environment, until, () =>
    putRow(ledger, row, { ConditionExpression: 'attribute_not_exists(pk)' }),
  );
}

/** The tombstone: from then on the half message cannot be committed. */
export function tombstone(ledger: Ledger, halfId: string, until: number): Promise<Write<HalfRow>> {
  const ttl = Math.ceil((ledger.environment.now() + ROLLED_BACK_LIFE_MS) / 1000);
  return changePrepared(ledger, halfId, until, { state: 'rolledBack', ttl });
}

/** Notes that the producer is being asked. */
export function markAsked(ledger: Ledger, halfId: string, until: number): Promise<Write<HalfRow>> {
  return changePrepared(ledger, halfId, until, { asked: ledger.environment.now() });
}

/** Notes that nobody asks any more, until somebody decides. */
export function markUnanswered(ledger: Ledger, halfId: string, until: number): Promise<Write<HalfRow>> {
  return changePrepared(ledger, halfId, until, { quarantined: ledger.environment.now() });
}

/** Changes the row of a half message that is undecided. */
function changePrepared(
  ledger: Ledger,
  halfId: string,
  until: number,
  change: Partial<HalfRow>,
): Promise<Write<HalfRow>> {
  const columns = Object.keys(change);
  const key = halfKey(halfId);
  const update = {
    UpdateExpression: `SET ${columns.map((column) => `#${column} = :${column}`).join(', ')}`,
    ConditionExpression: '#state = :prepared',
    ExpressionAttributeNames: Object.fromEntries(['state', ...columns].map((column) => [`#${column}`, column])),
    ExpressionAttributeValues: toItem({
      ':prepared': 'prepared' satisfies HalfRow['state'],
      ...Object.fromEntries(columns.map((column) => [`:${column}`, change[column as keyof HalfRow]])),
    }),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  } as const;
  return untilKnown(ledger.environment, until, () => updateRow(ledger, key, update));
}

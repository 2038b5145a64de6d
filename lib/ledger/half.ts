import { GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Environment } from '../aws/environment.ts';
import { toItem } from '../aws/expression.ts';
import { UnknownMessage } from '../contract/errors.ts';
import { type HalfRow, halfKey } from './rows/half.ts';
import { type Write, writeRow } from './write-row.ts';

/** Nobody decides a half message by forgetting it: its row stays for a year, and a decided one for a month. */
export const UNDECIDED_LIFE = 366 * 86_400_000;
const ROLLED_BACK_LIFE = 30 * 86_400_000;

/**
 * A half message's row, read consistently.
 *
 * @throws UnknownMessage when there is none
 * @throws MalformedMessage when it is no half id
 */
export async function readHalf(environment: Environment, ledger: string, halfId: string): Promise<HalfRow> {
  const reply = await environment.dynamodb.send(
    new GetItemCommand({
      TableName: ledger,
      Key: toItem(halfKey(halfId)),
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    }),
  );
  if (!reply.Item) throw unknownHalf(halfId);
  return unmarshall(reply.Item) as HalfRow;
}

export function unknownHalf(halfId: string): UnknownMessage {
  return new UnknownMessage(`No half message '${halfId}' was prepared, or its row has been cleaned up`);
}

/** Puts the row of a new half message. One that is there already is its own: nobody else has this id. */
export function putHalf(
  environment: Environment,
  ledger: string,
  row: HalfRow,
  until: number,
): Promise<Write<HalfRow>> {
  const command = new PutItemCommand({
    TableName: ledger,
    Item: toItem(row),
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnConsumedCapacity: 'TOTAL',
  });
  return writeRow(environment, until, () => environment.dynamodb.send(command));
}

/** The tombstone: from then on the half message cannot be committed. */
export function tombstone(
  environment: Environment,
  ledger: string,
  halfId: string,
  until: number,
): Promise<Write<HalfRow>> {
  return changePrepared(environment, ledger, halfId, until, {
    state: 'rolledBack',
    ttl: Math.ceil((environment.now() + ROLLED_BACK_LIFE) / 1000),
  });
}

/** Notes that the producer is being asked. */
export function markAsked(
  environment: Environment,
  ledger: string,
  halfId: string,
  until: number,
): Promise<Write<HalfRow>> {
  return changePrepared(environment, ledger, halfId, until, { asked: environment.now() });
}

/** Notes that nobody asks any more, until somebody decides. */
export function quarantine(
  environment: Environment,
  ledger: string,
  halfId: string,
  until: number,
): Promise<Write<HalfRow>> {
  return changePrepared(environment, ledger, halfId, until, { quarantined: environment.now() });
}

/** Changes the row of a half message that is undecided. */
function changePrepared(
  environment: Environment,
  ledger: string,
  halfId: string,
  until: number,
  change: Partial<HalfRow>,
): Promise<Write<HalfRow>> {
  const columns = Object.keys(change);
  const command = new UpdateItemCommand({
    TableName: ledger,
    Key: toItem(halfKey(halfId)),
    UpdateExpression: `SET ${columns.map((column) => `#${column} = :${column}`).join(', ')}`,
    ConditionExpression: '#state = :prepared',
    ExpressionAttributeNames: Object.fromEntries(['state', ...columns].map((column) => [`#${column}`, column])),
    ExpressionAttributeValues: toItem({
      ':prepared': 'prepared' satisfies HalfRow['state'],
      ...Object.fromEntries(columns.map((column) => [`:${column}`, change[column as keyof HalfRow]])),
    }),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ReturnConsumedCapacity: 'TOTAL',
  });
  return writeRow(environment, until, () => environment.dynamodb.send(command));
}

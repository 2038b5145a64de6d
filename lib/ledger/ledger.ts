import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { toItem } from '../aws/attribute.ts';
import { type Bindings, bindingsOf } from '../aws/bindings.ts';
import type { Environment } from '../aws/environment.ts';
import { refusedRow } from '../aws/errors.ts';
import { MEASURED } from '../aws/usage.ts';
import type { LedgerKey } from './rows/layout.ts';

/** A ledger, and the environment through which it is reached: what every read and write of its rows needs. */
export interface Ledger {
  readonly environment: Environment;
  /** The name of its DynamoDB table. */
  readonly table: string;
  /** Into how many shards each minute is divided. */
  readonly shards: number;
}

/**
 * The ledger that bindings, or an operator's options, name.
 *
 * @throws MissingBinding when the environment's variables have to name it, and do not
 */
export function ledgerOf(
  environment: Environment,
  { ledger, shards }: Pick<Bindings, 'ledger' | 'shards'> = bindingsOf(environment),
): Ledger {
  return { environment, table: ledger, shards };
}

/** What must hold of a row for a write to take effect. */
export type Condition = Pick<
  PutItemCommandInput,
  | 'ConditionExpression'
  | 'ExpressionAttributeNames'
  | 'ExpressionAttributeValues'
  | 'ReturnValuesOnConditionCheckFailure'
>;

/** A change of a row, and on what condition. */
export type Update = Condition & Pick<UpdateItemCommandInput, 'UpdateExpression' | 'ReturnValues'>;

/** What a write came to: `refused` where its condition does not hold. */
export interface Written<Row = LedgerKey> {
  readonly kind: 'written' | 'refused';
  /** What lies there now, where the request asked for it and there is a row. */
  readonly row?: Row;
}

/** Reads a row, by default consistently; `undefined` where there is none. */
export async function getRow<Row>(
  { environment, table }: Ledger,
  key: LedgerKey,
  { consistent = true }: { readonly consistent?: boolean } = {},
): Promise<Row | undefined> {
  const { Item } = await environment.dynamodb.send(
    new GetItemCommand({ TableName: table, Key: toItem(key), ConsistentRead: consistent, ...MEASURED }),
  );
  return Item && (unmarshall(Item) as Row);
}

/** Puts a row over whatever lies there, if the condition holds of that. */
export function putRow<Row extends LedgerKey>(
  { environment, table }: Ledger,
  row: Row,
  condition: Condition = {},
): Promise<Written<Row>> {
  return unlessRefused(() =>
    environment.dynamodb.send(new PutItemCommand({ TableName: table, Item: toItem(row), ...condition, ...MEASURED })),
  );
}

/** Changes a row, or makes it. */
export function updateRow<Row>({ environment, table }: Ledger, key: LedgerKey, update: Update): Promise<Written<Row>> {
  return unlessRefused(() =>
    environment.dynamodb.send(new UpdateItemCommand({ TableName: table, Key: toItem(key), ...update, ...MEASURED })),
  );
}

/** Deletes a row, if it is there and the condition holds of it. */
export async function deleteRow(
  { environment, table }: Ledger,
  key: LedgerKey,
  condition: Condition = {},
): Promise<void> {
  await unlessRefused(() =>
    environment.dynamodb.send(new DeleteItemCommand({ TableName: table, Key: toItem(key), ...condition, ...MEASURED })),
  );
}

/** One page of a partition's rows. */
export function queryPage(
  { environment, table }: Ledger,
  pk: string,
  { ExpressionAttributeValues, ...options }: Omit<QueryCommandInput, 'TableName'> = {},
): Promise<QueryCommandOutput> {
  return environment.dynamodb.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: pk }, ...ExpressionAttributeValues },
      ...MEASURED,
      ...options,
    }),
  );
}

async function unlessRefused<Row>(
  send: () => Promise<{ readonly Attributes?: Parameters<typeof unmarshall>[0] }>,
): Promise<Written<Row>> {
  try {
    const { Attributes } = await send();
    return { kind: 'written', ...(Attributes && { row: unmarshall(Attributes) as Row }) };
  } catch (error) {
    const refused = refusedRow(error);
    if (!refused) throw error;
    return { kind: 'refused', ...(refused.row && { row: unmarshall(refused.row) as Row }) };
  }
}

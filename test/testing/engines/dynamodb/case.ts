import {
  type AttributeValue,
  CreateTableCommand,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { expect } from 'vitest';

export type Row = Record<string, AttributeValue>;

/**
 * One thing that DynamoDB promises, in a form that any engine can be asked: rows of the partition `p`, a command, and
 * what must come of it.
 */
export interface DynamoDbCase {
  readonly promise: string;
  /** The page that says so, under https://docs.aws.amazon.com/amazondynamodb/latest/. */
  readonly page: string;
  /** Rows that are there before. @default none */
  readonly given?: readonly Row[];
  command(table: string): { readonly input: object };
  /** What the answer holds, at least. */
  answers?(table: string): object;
  readonly refuses?: Refusal;
  /** All rows of the partition `p` afterwards, by sort key. @default those that were given, where the command is refused */
  readonly leaves?: readonly Row[];
  /** Why DynamoDB Local does not keep the promise: the page speaks of AWS. */
  readonly notOnLocal?: string;
}

export interface Refusal {
  readonly name: string;
  /** What its message says, among others. */
  readonly message?: string;
  /** The codes of a cancelled transaction's reasons, in order. */
  readonly reasons?: readonly string[];
  /** The row that it shows. */
  readonly Item?: Row;
}

export const S = (text: string): AttributeValue => ({ S: text });
export const N = (number: number | string): AttributeValue => ({ N: String(number) });
export const L = (...elements: AttributeValue[]): AttributeValue => ({ L: elements });
export const M = (entries: Row): AttributeValue => ({ M: entries });

/** A row of the partition `p`. */
export const row = (sort: string, columns: Row = {}): Row => ({ pk: S('p'), sk: S(sort), ...columns });
/** Its key. */
export const key = (sort: string): Row => row(sort);

/** Asks an engine, and asserts what comes of it. @param table a name that no table has yet */
export async function expectCase(
  client: Pick<DynamoDBClient, 'send'>,
  table: string,
  asked: DynamoDbCase,
): Promise<void> {
  const { given = [], refuses, leaves = refuses ? given : undefined } = asked;
  await client.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
    }),
  );
  for (const Item of given) await client.send(new PutItemCommand({ TableName: table, Item }));
  const answer = client.send(asked.command(table) as PutItemCommand);
  if (refuses) await expectRefusal(answer, refuses);
  else expectAnswer(await answer, asked.answers?.(table) ?? {});
  if (leaves) expect(await rowsOf(client, table)).toEqual(leaves);
}

/** A member that is expected to be `undefined` may be absent. */
function expectAnswer(answer: object, expected: object): void {
  expect({ ...absentMembers(expected), ...answer }).toMatchObject(expected);
}

function absentMembers(expected: object): object {
  return Object.fromEntries(Object.keys(expected).map((name) => [name, undefined]));
}

async function expectRefusal(answer: Promise<unknown>, { message, reasons, ...fields }: Refusal): Promise<void> {
  const error = await answer.then(
    (output) => expect.fail(`It was not refused, but answered ${JSON.stringify(output)}`),
    (thrown: Error & { readonly CancellationReasons?: readonly { readonly Code?: string }[] }) => thrown,
  );
  expect(error).toMatchObject({ $fault: 'client', ...fields });
  if (message !== undefined) expect(error.message).toContain(message);
  if (reasons) expect(error.CancellationReasons?.map(({ Code }) => Code)).toEqual(reasons);
}

async function rowsOf(client: Pick<DynamoDBClient, 'send'>, table: string): Promise<Row[]> {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName: table,
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :p',
      ExpressionAttributeValues: { ':p': S('p') },
    }),
  );
  return Items;
}

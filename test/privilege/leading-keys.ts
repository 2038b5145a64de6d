import type {
  BatchGetItemCommandInput,
  BatchWriteItemCommandInput,
  PutItemCommandInput,
  QueryCommandInput,
  TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import type { Resources } from '../constructs/shop-app.ts';

/** An action on rows of one table, as IAM judges it: each action of a transaction by itself. */
export interface RowAction {
  /** e.g. `dynamodb:PutItem` */
  readonly action: string;
  readonly table: string;
  /** The partition keys: `dynamodb:LeadingKeys`. */
  readonly keys: readonly string[];
}

/** Whatever a request of DynamoDB's asks for. */
export function rowActionsOf(operation: string, input: object): RowAction[] {
  if (operation === 'TransactWriteItems') {
    const { TransactItems = [] } = input as { readonly TransactItems?: readonly TransactWriteItem[] };
    return TransactItems.flatMap((item) =>
      Object.entries(item).map(([kind, entry]) => rowAction(ENTRIES[kind] ?? kind, entry as Target)),
    );
  }
  if (operation === 'BatchGetItem') {
    const { RequestItems = {} } = input as BatchGetItemCommandInput;
    return Object.entries(RequestItems).map(([table, { Keys = [] }]) => ({
      action: `dynamodb:${operation}`,
      table,
      keys: distinct(Keys.map(partitionKey)),
    }));
  }
  if (operation === 'BatchWriteItem') {
    const { RequestItems = {} } = input as BatchWriteItemCommandInput;
    return Object.entries(RequestItems).map(([table, writes]) => ({
      action: `dynamodb:${operation}`,
      table,
      keys: distinct(
        writes.map(({ PutRequest, DeleteRequest }) => partitionKey(PutRequest?.Item ?? DeleteRequest?.Key)),
      ),
    }));
  }
  if (operation === 'Query') {
    const { TableName = '', ExpressionAttributeValues } = input as QueryCommandInput;
    return [{ action: `dynamodb:${operation}`, table: TableName, keys: [ExpressionAttributeValues?.[':pk']?.S ?? ''] }];
  }
  return ROW_OPERATIONS.includes(operation) ? [rowAction(operation, input as Target)] : [];
}

type Item = PutItemCommandInput['Item'];

interface Target {
  readonly TableName?: string;
  readonly Item?: Item;
  readonly Key?: Item;
}

/** What a transaction's entry is authorized as. */
const ENTRIES: Readonly<Record<string, string>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
  Get: 'GetItem',
};

const ROW_OPERATIONS = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'];

function rowAction(operation: string, { TableName = '', Item, Key }: Target): RowAction {
  return { action: `dynamodb:${operation}`, table: TableName, keys: [partitionKey(Item ?? Key)] };
}

function partitionKey(item: Item): string {
  return item?.pk?.S ?? '';
}

function distinct(keys: readonly string[]): string[] {
  return [...new Set(keys)];
}

/** The statements on the ledger's table of the role whose logical id begins so. */
export function statementsOn(resources: Resources, role: string): RowStatement[] {
  return Object.values(resources).flatMap(({ Type, Properties }) => {
    const isOfRole =
      Type === 'AWS::IAM::Policy' &&
      Properties.Roles.some(({ Ref }: { Ref: string }) => new RegExp(`^${role}`).test(Ref));
    if (!isOfRole) return [];
    const { Statement } = Properties.PolicyDocument as { Statement: (RowStatement & { readonly Resource: unknown })[] };
    return Statement.filter(({ Resource }) => /"(Ledger|Scheduling)Table[^"]*","Arn"/.test(JSON.stringify(Resource)));
  });
}

/** A statement of a policy on the ledger's table. */
export interface RowStatement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Condition?: object;
}

type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>> | undefined>>;

/**
 * Whether statements on a table allow an action on its rows, as IAM judges it.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 * @throws Error when a condition on the rows is none that it knows
 */
export function isAllowed(statements: readonly RowStatement[], { action, keys }: Omit<RowAction, 'table'>): boolean {
  return statements.some(({ Effect, Action, Condition }) => {
    if (Effect !== 'Allow') throw new Error(`${Effect} is not judged here`);
    return [Action].flat().includes(action) && allows(Condition, keys);
  });
}

/** Whether a statement's condition holds of the partition keys. What it asks of anything but keys is not judged. */
export function allows(condition: object | undefined, keys: readonly string[]): boolean {
  if (!JSON.stringify(condition ?? '').includes(LEADING_KEYS)) return true;
  return Object.entries(condition as Conditions).every(([operator, { [LEADING_KEYS]: wanted, ...others } = {}]) => {
    if (wanted === undefined || Object.keys(others).length > 0) throw new Error(`${operator} asks for something else`);
    if (operator === 'Null') return String(wanted) === String(keys.length === 0);
    if (operator !== 'ForAllValues:StringLike') throw new Error(`${operator} is not judged here`);
    const patterns = [wanted].flat().map(pattern);
    return keys.every((key) => patterns.some((one) => one.test(key)));
  });
}

const LEADING_KEYS = 'dynamodb:LeadingKeys';

/** As IAM reads it: `*`, `?`, and `${*}` for the character itself. */
function pattern(text: string): RegExp {
  const parts = text.match(/\$\{[$*?]\}|[\s\S]/g) ?? [];
  const source = parts.map((part) => {
    if (part === '*') return '[\\s\\S]*';
    if (part === '?') return '[\\s\\S]';
    return RegExp.escape(part.length > 1 ? part.slice(2, -1) : part);
  });
  return new RegExp(`^${source.join('')}$`);
}

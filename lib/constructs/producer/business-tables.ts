import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { tableBinding } from '../../contract/bindings.ts';
import type { AnyTable } from '../../contract/table.ts';
import { grantKeyUse } from '../aws/encryption.ts';
import { bindVariable } from '../aws/function-binding.ts';
import { allow } from '../aws/grants.ts';

/** The DynamoDB tables behind a definition's business tables, each by its name: `{ stock: stockTable }`. */
export type TableBindings<Tables extends readonly AnyTable[]> = {
  readonly [Table in Tables[number] as Table['name']]: ITable;
};

const ALL_ACTIONS = [
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:ConditionCheckItem',
] as const;

/** An action of a transaction on a row: to read, write or test the row. */
export type TableAction = (typeof ALL_ACTIONS)[number];

/** Tells a function where its business tables are, and lets it read and write their rows one by one. */
export function bindTables(
  handler: lambda.Function,
  tables: Readonly<Record<string, ITable>>,
  actions: Readonly<Record<string, readonly TableAction[] | undefined>> = {},
): void {
  for (const [name, table] of Object.entries(tables)) {
    bindVariable(handler, tableBinding(name), table.tableName, table);
    allow(handler, actions[name] ?? ALL_ACTIONS, table.tableArn);
    grantKeyUse(table.encryptionKey, handler);
  }
}

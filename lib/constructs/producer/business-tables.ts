import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { tableBinding } from '../../contract/bindings.ts';
import type { AnyTable } from '../../contract/table.ts';
import { grantKeyUse } from '../aws/encryption.ts';
import { bindVariable } from '../aws/function-binding.ts';
import { allow } from '../aws/grants.ts';
import { quoted } from '../invalid-construct.ts';
import { keyDifference } from './table-keys.ts';

/** The DynamoDB tables behind a definition's business tables, each by its name: `{ stock: stockTable }`. */
export type TableBindings<Tables extends readonly AnyTable[]> = {
  readonly [Table in Tables[number] as Table['name']]: ITable;
};

/** The option `tables`: required where tables are declared, and absent where none are. */
export type TablesOption<Tables extends readonly AnyTable[]> = Tables extends readonly []
  ? { readonly tables?: Readonly<Record<string, never>> }
  : { readonly tables: TableBindings<Tables> };

const ALL_ACTIONS = [
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:ConditionCheckItem',
] as const;

/** An action of a transaction on a row: to read, write or test the row. */
export type TableAction = (typeof ALL_ACTIONS)[number];

/** Why these names do not bind the tables that somebody declares: what `tsc` checks for those who use it. */
export function* bindingRefusals(
  who: string,
  declared: readonly AnyTable[],
  bound: Readonly<Record<string, ITable>>,
  narrowed: readonly string[] = [],
): Iterable<string> {
  const names = declared.map(({ name }) => name);
  const missing = names.filter((name) => !Object.hasOwn(bound, name));
  if (missing.length > 0) {
    yield `'${who}' declares the tables ${quoted(missing)}: bind each in \`tables\`, e.g. tables: { '${missing[0]}': table }`;
  }
  const unknown = [...new Set([...Object.keys(bound), ...narrowed])].filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    yield `\`tables\` or \`tableActions\` name ${quoted(unknown)}, which '${who}' does not declare: add the table's ` +
      'definition, or leave it out';
  }
  for (const definition of declared) {
    const table = bound[definition.name];
    const difference = table && keyDifference(definition, table);
    if (difference)
      yield `The table '${definition.name}' of '${who}' ${difference}: bind the right one, or mend either`;
  }
}

/**
 * Lets somebody read and write the rows of business tables one by one, and tells a function where the tables are.
 *
 * @param handler `undefined` where it is no function
 */
export function bindTables(
  grantee: iam.IGrantable,
  handler: lambda.Function | undefined,
  tables: Readonly<Record<string, ITable>>,
  actions: Readonly<Record<string, readonly TableAction[] | undefined>> = {},
): void {
  for (const [name, table] of Object.entries(tables)) {
    if (handler) bindVariable(handler, tableBinding(name), table.tableName, table);
    allow(grantee, actions[name] ?? ALL_ACTIONS, table.tableArn);
    grantKeyUse(table.encryptionKey, grantee);
  }
}

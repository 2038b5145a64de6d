import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import { allow } from './grants.ts';

/**
 * Actions on some of a ledger's rows: those in the partitions whose keys match one of the patterns of
 * `lib/ledger/rows/partitions.ts`.
 */
export interface RowGrant {
  readonly actions: readonly string[];
  readonly partitions: readonly string[];
}

/**
 * Allows actions on some of a ledger's rows alone. DynamoDB names the partition keys of every request, of each action
 * of a transaction and of each row of a batch; a request that names none is refused.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
 */
export function allowRows(grantee: iam.IGrantable, table: ITableV2, { actions, partitions }: RowGrant): iam.Grant {
  return allow(grantee, actions, table.tableArn, inPartitions(partitions));
}

/** `allowRows`, as a statement of a policy of its own. */
export function rowStatement({ tableArn }: ITableV2, { actions, partitions }: RowGrant): iam.PolicyStatement {
  return new iam.PolicyStatement({
    actions: [...actions],
    resources: [tableArn],
    conditions: inPartitions(partitions),
  });
}

function inPartitions(partitions: readonly string[]) {
  return {
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...partitions] },
    // No value at all would satisfy all values.
    Null: { 'dynamodb:LeadingKeys': 'false' },
  };
}

import type {
  CreateTableCommandInput,
  CreateTableCommandOutput,
  DescribeTableCommandInput,
  DescribeTimeToLiveCommandInput,
  TableDescription,
  TimeToLiveDescription,
  UpdateTimeToLiveCommandInput,
} from '@aws-sdk/client-dynamodb';
import { refuseOthers } from '../refuse-others.ts';
import { validationException } from './exceptions.ts';
import { tableStreamArn } from './stream-record.ts';
import type { KeyAttribute, KeyType, Table } from './table.ts';
import type { Tables } from './tables.ts';

/** Creates a table with a primary key, at once; every table has a stream. Secondary indexes are not supported. */
export function createTable(
  tables: Tables,
  input: CreateTableCommandInput,
): Omit<CreateTableCommandOutput, '$metadata'> {
  refuseOthers('CreateTable', input, [
    'TableName',
    'KeySchema',
    'AttributeDefinitions',
    'BillingMode',
    'StreamSpecification',
  ]);
  const attribute = (role: 'HASH' | 'RANGE'): KeyAttribute | undefined => {
    const name = input.KeySchema?.find(({ KeyType }) => KeyType === role)?.AttributeName;
    if (name === undefined) return undefined;
    const type = input.AttributeDefinitions?.find((definition) => definition.AttributeName === name)?.AttributeType;
    if (type === undefined) {
      throw validationException(
        'One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions',
      );
    }
    return { name, type: type as KeyType };
  };
  const partitionKey = attribute('HASH');
  const sortKey = attribute('RANGE');
  if (!partitionKey || !input.TableName) throw validationException('Invalid KeySchema: it has no HASH key');
  const table = tables.create({ name: input.TableName, partitionKey, ...(sortKey && { sortKey }) });
  return { TableDescription: describe(table) };
}

export function describeTable(tables: Tables, input: DescribeTableCommandInput): { readonly Table: TableDescription } {
  refuseOthers('DescribeTable', input, ['TableName']);
  return { Table: describe(tables.find(input.TableName)) };
}

/** Names the column by which `expire` deletes rows, or none any more. */
export function updateTimeToLive(tables: Tables, input: UpdateTimeToLiveCommandInput) {
  refuseOthers('UpdateTimeToLive', input, ['TableName', 'TimeToLiveSpecification']);
  const { AttributeName, Enabled } = input.TimeToLiveSpecification ?? {};
  if (!AttributeName) throw validationException('TimeToLiveSpecification.AttributeName must not be empty');
  const table = tables.find(input.TableName);
  if ((table.timeToLive !== undefined) === (Enabled ?? false)) {
    throw validationException(`TimeToLive is already ${Enabled ? 'enabled' : 'disabled'}`);
  }
  table.timeToLive = Enabled ? AttributeName : undefined;
  return { TimeToLiveSpecification: { AttributeName, Enabled } };
}

export function describeTimeToLive(
  tables: Tables,
  input: DescribeTimeToLiveCommandInput,
): { readonly TimeToLiveDescription: TimeToLiveDescription } {
  refuseOthers('DescribeTimeToLive', input, ['TableName']);
  const { timeToLive } = tables.find(input.TableName);
  if (timeToLive === undefined) return { TimeToLiveDescription: { TimeToLiveStatus: 'DISABLED' } };
  return { TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED', AttributeName: timeToLive } };
}

function describe({ schema, name, createdAt }: Table): TableDescription {
  const { partitionKey, sortKey } = schema;
  return {
    TableName: name,
    TableStatus: 'ACTIVE',
    CreationDateTime: new Date(createdAt),
    TableArn: `arn:aws:dynamodb:us-east-1:000000000000:table/${name}`,
    LatestStreamArn: tableStreamArn(name),
    KeySchema: [
      { AttributeName: partitionKey.name, KeyType: 'HASH' },
      ...(sortKey ? [{ AttributeName: sortKey.name, KeyType: 'RANGE' as const }] : []),
    ],
  };
}

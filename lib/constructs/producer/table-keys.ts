import { CfnResource, Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { jsonSchemaOf } from '../../contract/json-schema.ts';
import type { AnyTable } from '../../contract/table.ts';

/** What differs between the key of a business table's definition and that of the DynamoDB table that it is bound to. */
export function keyDifference(definition: AnyTable, table: ITable): string | undefined {
  const bound = boundKey(table);
  if (!bound) return undefined;
  const [partitionKey, sortKey] = [definition.partitionKey, definition.sortKey];
  const wanted = [
    { role: 'partition key', name: partitionKey, column: bound.find(({ keyType }) => keyType === 'HASH') },
    { role: 'sort key', name: sortKey, column: bound.find(({ keyType }) => keyType === 'RANGE') },
  ];
  for (const { role, name, column } of wanted) {
    if (name === column?.name) continue;
    const [given, there] = [name, column?.name].map((one) =>
      one === undefined ? `no ${role}` : `the ${role} '${one}'`,
    );
    return `has ${given} in its definition, and ${there} in '${table.node.path}'`;
  }
  for (const { role, name, column } of wanted) {
    const type = name === undefined ? undefined : attributeType(definition, name);
    if (type === undefined || column?.type === undefined || type === column.type) continue;
    return `has the ${role} '${name}' of type ${type} by its schema, and of type ${column.type} in '${table.node.path}'`;
  }
  return undefined;
}

interface KeyColumn {
  readonly name: string;
  /** `HASH` or `RANGE`. */
  readonly keyType: string;
  /** `S`, `N` or `B`. */
  readonly type?: string;
}

/** The key as the table's template has it; `undefined` for a table of another app. */
function boundKey(table: ITable): readonly KeyColumn[] | undefined {
  const resource = table.node?.defaultChild;
  if (!CfnResource.isCfnResource(resource)) return undefined;
  const { keySchema, attributeDefinitions } = resource as CfnResource & Readonly<Record<string, unknown>>;
  const read = Stack.of(resource).resolve({ keySchema, attributeDefinitions }) as {
    readonly keySchema?: unknown;
    readonly attributeDefinitions?: unknown;
  };
  if (!Array.isArray(read.keySchema) || !Array.isArray(read.attributeDefinitions)) return undefined;
  const types = new Map<string, string>(
    read.attributeDefinitions.map(({ attributeName, attributeType: type }) => [attributeName, type]),
  );
  return read.keySchema.map(({ attributeName, keyType }) => ({
    name: attributeName,
    keyType,
    type: types.get(attributeName),
  }));
}

/** DynamoDB's type of a column, as far as the schema says it in JSON's terms. */
function attributeType({ item }: AnyTable, column: string): string | undefined {
  const properties = jsonSchemaOf(item, 'output')?.properties as
    | Readonly<Record<string, { type?: unknown }>>
    | undefined;
  const type = properties?.[column]?.type;
  if (type === 'string') return 'S';
  return type === 'number' || type === 'integer' ? 'N' : undefined;
}

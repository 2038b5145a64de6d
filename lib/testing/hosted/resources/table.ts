import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import type { Physical, ResourceRequest } from './physical.ts';

interface TableProperties
  extends Partial<
    Pick<
      CreateTableCommandInput,
      'TableName' | 'AttributeDefinitions' | 'KeySchema' | 'GlobalSecondaryIndexes' | 'LocalSecondaryIndexes'
    >
  > {
  readonly StreamSpecification?: CreateTableCommandInput['StreamSpecification'];
  readonly TimeToLiveSpecification?: { readonly AttributeName?: string; readonly Enabled?: boolean };
}

/**
 * A table of one region, billed on demand. Encryption, replicas, backups and deletion protection are left out.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-globaltable.html
 */
export async function makeTable({ name, properties, clients: { dynamodb } }: ResourceRequest): Promise<Physical> {
  const given = properties as TableProperties;
  const { AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, LocalSecondaryIndexes } = given;
  const TableName = given.TableName ?? name;
  const { TableDescription } = await dynamodb.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions,
      KeySchema,
      ...(GlobalSecondaryIndexes && { GlobalSecondaryIndexes }),
      ...(LocalSecondaryIndexes && { LocalSecondaryIndexes }),
      BillingMode: 'PAY_PER_REQUEST',
      ...(given.StreamSpecification && { StreamSpecification: { ...given.StreamSpecification, StreamEnabled: true } }),
    }),
  );
  await waitUntilTableExists({ client: dynamodb, maxWaitTime: 60, minDelay: 1, maxDelay: 2 }, { TableName });
  const { AttributeName, Enabled } = given.TimeToLiveSpecification ?? {};
  if (Enabled) {
    await dynamodb.send(
      new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: { AttributeName, Enabled } }),
    );
  }
  return {
    ref: TableName,
    attributes: { Arn: TableDescription?.TableArn, StreamArn: TableDescription?.LatestStreamArn },
    destroy: async () => {
      await dynamodb.send(new DeleteTableCommand({ TableName }));
    },
  };
}

import { ScanCommand, type ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Stage } from './stage.ts';

/** All rows of a business table, read consistently. */
export async function readTable<Row>({ dynamodb }: Pick<Stage, 'dynamodb'>, table: string): Promise<Row[]> {
  const rows: Row[] = [];
  let next: ScanCommandOutput['LastEvaluatedKey'];
  do {
    const page: ScanCommandOutput = await dynamodb.send(
      new ScanCommand({ TableName: table, ConsistentRead: true, ExclusiveStartKey: next }),
    );
    for (const item of page.Items ?? []) rows.push(unmarshall(item) as Row);
    next = page.LastEvaluatedKey;
  } while (next);
  return rows;
}

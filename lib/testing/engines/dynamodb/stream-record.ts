import type { DynamoDBRecord } from 'aws-lambda';
import { type Item, itemBytes } from './attribute-value.ts';
import type { Change } from './table.ts';

export type StreamView = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES';

/**
 * The stream record of a change, as a Lambda function receives it.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 */
export function streamRecord(change: Change, view: StreamView = 'NEW_IMAGE'): DynamoDBRecord {
  const { table, sequence, at, key, before, after, expired } = change;
  const showsNew = view === 'NEW_IMAGE' || view === 'NEW_AND_OLD_IMAGES';
  const showsOld = view === 'OLD_IMAGE' || view === 'NEW_AND_OLD_IMAGES';
  return {
    eventID: sequence.toString(16).padStart(32, '0'),
    eventName: before ? (after ? 'MODIFY' : 'REMOVE') : 'INSERT',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    eventSourceARN: tableStreamArn(table),
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(at / 1000),
      Keys: image(key),
      ...(showsNew && after && { NewImage: image(after) }),
      ...(showsOld && before && { OldImage: image(before) }),
      SequenceNumber: String(sequence).padStart(21, '0'),
      SizeBytes: itemBytes(key) + (showsNew ? itemBytes(after ?? {}) : 0) + (showsOld ? itemBytes(before ?? {}) : 0),
      StreamViewType: view,
    },
    ...(expired && { userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' } }),
  };
}

/** The ARN of a table's stream. */
export function tableStreamArn(table: string): string {
  return `arn:aws:dynamodb:us-east-1:000000000000:table/${table}/stream/1970-01-01T00:00:00.000`;
}

type Image = NonNullable<NonNullable<DynamoDBRecord['dynamodb']>['Keys']>;

/** Lambda carries binary values in base64. */
function image(item: Item): Image {
  const text = JSON.stringify(item, (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  );
  return JSON.parse(text) as Image;
}

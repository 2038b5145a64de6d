import {
  DeleteItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import type { Case, Suite } from '../case.ts';
import { holds, same } from '../expect.ts';
import { keyOf, N, rowOf } from './row.ts';

const GUIDE = 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide';
const CITES = `${GUIDE}/Streams.html` as const;
const BOTH = { stream: 'NEW_AND_OLD_IMAGES' } as const;

function one(name: string, run: Case['run']): Case {
  return { name, cites: CITES, needs: ['dynamodb', 'dynamodb-streams'], run };
}

export const STREAMS: Suite = {
  service: 'streams',
  title: 'DynamoDB streams',
  cases: [
    one('INSERT, MODIFY and REMOVE show both images', async ({ dynamodb }, scratch) => {
      const TableName = await scratch.table(BOTH);
      await dynamodb.send(new PutItemCommand({ TableName, Item: rowOf('a', { n: N(1) }) }));
      await dynamodb.send(new PutItemCommand({ TableName, Item: rowOf('a', { n: N(2) }) }));
      await dynamodb.send(new DeleteItemCommand({ TableName, Key: keyOf('a') }));
      const changes = await scratch.changes(TableName, 3);
      same(
        changes.map(({ eventName, dynamodb: image }) => [eventName, image?.OldImage?.n?.N, image?.NewImage?.n?.N]),
        [
          ['INSERT', undefined, '1'],
          ['MODIFY', '1', '2'],
          ['REMOVE', '2', undefined],
        ],
        'the changes',
      );
      for (const { dynamodb: image } of changes) same(image?.Keys, keyOf('a'), 'the key');
    }),
    one('a stream of new images shows no old ones', async ({ dynamodb }, scratch) => {
      const TableName = await scratch.table({ stream: 'NEW_IMAGE' });
      await dynamodb.send(new PutItemCommand({ TableName, Item: rowOf('a', { n: N(1) }) }));
      await dynamodb.send(new DeleteItemCommand({ TableName, Key: keyOf('a') }));
      const changes = await scratch.changes(TableName, 2);
      same(
        changes.map(({ dynamodb: image }) => [image?.StreamViewType, image?.OldImage, image?.NewImage]),
        [
          ['NEW_IMAGE', undefined, rowOf('a', { n: N(1) })],
          ['NEW_IMAGE', undefined, undefined],
        ],
        'the images',
      );
    }),
    one('a stream of keys shows no images', async ({ dynamodb }, scratch) => {
      const TableName = await scratch.table({ stream: 'KEYS_ONLY' });
      await dynamodb.send(new PutItemCommand({ TableName, Item: rowOf('a', { n: N(1) }) }));
      const [change] = await scratch.changes(TableName, 1);
      const { Keys, NewImage, OldImage } = change?.dynamodb ?? {};
      same([Keys, NewImage, OldImage], [keyOf('a'), undefined, undefined], 'key and images');
    }),
    one('changes of one item come in their order, each once', async ({ dynamodb }, scratch) => {
      const TableName = await scratch.table(BOTH);
      for (let n = 1; n <= 20; n++) {
        await dynamodb.send(new PutItemCommand({ TableName, Item: rowOf('a', { n: N(n) }) }));
        await dynamodb.send(new PutItemCommand({ TableName, Item: rowOf('b', { n: N(n) }) }));
      }
      const changes = await scratch.changes(TableName, 40);
      for (const sort of ['a', 'b']) {
        const numbers = changes
          .filter((change) => change.dynamodb?.Keys?.sk?.S === sort)
          .map((change) => Number(change.dynamodb?.NewImage?.n?.N));
        same(
          numbers,
          Array.from({ length: 20 }, (_, index) => index + 1),
          `the changes of ${sort}`,
        );
      }
    }),
    one('sequence numbers of an item ascend', async ({ dynamodb }, scratch) => {
      const TableName = await scratch.table(BOTH);
      for (let n = 1; n <= 12; n++) {
        await dynamodb.send(new PutItemCommand({ TableName, Item: rowOf('a', { n: N(n) }) }));
      }
      const changes = await scratch.changes(TableName, 12);
      const numbers = changes.map((change) => BigInt(change.dynamodb?.SequenceNumber ?? -1));
      holds(
        numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? number)),
        `the sequence numbers do not ascend: ${numbers.slice(0, 3).join(', ')} …`,
      );
    }),
    one('a put of an equal item makes no record', async ({ dynamodb }, scratch) => {
      const TableName = await scratch.table(BOTH);
      for (const n of [1, 1, 2]) {
        await dynamodb.send(new PutItemCommand({ TableName, Item: rowOf('a', { n: N(n) }) }));
      }
      const changes = await scratch.changes(TableName, 2);
      same(
        changes.map(({ eventName, dynamodb: image }) => [eventName, image?.NewImage?.n?.N]),
        [
          ['INSERT', '1'],
          ['MODIFY', '2'],
        ],
        'the changes',
      );
    }),
    one('nor does an update that changes nothing, or a delete of what is not there', async ({ dynamodb }, scratch) => {
      const TableName = await scratch.table(BOTH);
      const set = (n: number) =>
        dynamodb.send(
          new UpdateItemCommand({
            TableName,
            Key: keyOf('a'),
            UpdateExpression: 'SET n = :v',
            ExpressionAttributeValues: { ':v': N(n) },
          }),
        );
      await dynamodb.send(new DeleteItemCommand({ TableName, Key: keyOf('a') }));
      await set(1);
      await set(1);
      await set(2);
      const changes = await scratch.changes(TableName, 2);
      same(
        changes.map(({ eventName, dynamodb: image }) => [eventName, image?.NewImage?.n?.N]),
        [
          ['INSERT', '1'],
          ['MODIFY', '2'],
        ],
        'the changes',
      );
    }),
    {
      name: 'what time to live removes says so',
      cites: `${GUIDE}/time-to-live-ttl-streams.html`,
      needs: ['dynamodb', 'dynamodb-streams', 'dynamodb-ttl'],
      seconds: 150,
      slow: 'an engine looks for expired items once a minute',
      notOnAws: 'AWS may take two days to delete an expired item',
      async run({ dynamodb }, scratch) {
        const TableName = await scratch.table(BOTH);
        await dynamodb.send(
          new UpdateTimeToLiveCommand({
            TableName,
            TimeToLiveSpecification: { AttributeName: 'until', Enabled: true },
          }),
        );
        const until = Math.floor(scratch.now() / 1000) - 60;
        await dynamodb.send(new PutItemCommand({ TableName, Item: rowOf('a', { until: N(until) }) }));
        const [, removal] = await scratch.changes(TableName, 2, 120);
        holds(removal, 'no removal reached the stream within two minutes');
        same(removal.eventName, 'REMOVE', 'the second change');
        same(
          removal.userIdentity && { type: removal.userIdentity.type, principalId: removal.userIdentity.principalId },
          { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
          'its userIdentity',
        );
      },
    },
  ],
};

import { DeleteItemCommand, DescribeTableCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DescribeStreamSummaryCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { Case, Feature, Suite } from '../case.ts';
import type { Clients } from '../clients.ts';
import { holds, same } from '../expect.ts';
import type { Scratch, ScratchQueue } from '../scratch.ts';
import { type Batch, ScratchFunction, timesOf } from './function.ts';
import { Letters } from './letters.ts';
import { keyOf, rowOf } from './row.ts';

const GUIDE = 'https://docs.aws.amazon.com/lambda/latest/dg';
const SQS_ERRORS = `${GUIDE}/services-sqs-errorhandling.html` as const;
const KINESIS_ERRORS = `${GUIDE}/kinesis-on-failure-destination.html` as const;
const KINESIS_PARTIAL = `${GUIDE}/services-kinesis-batchfailurereporting.html` as const;
const REPORTING = { FunctionResponseTypes: ['ReportBatchItemFailures'] };
const FROM_THE_BEGINNING = { StartingPosition: 'TRIM_HORIZON', BatchSize: 10 };
/** Longer than the function may take, as AWS demands. */
const VISIBILITY = { VisibilityTimeout: '3' };
/** Long enough for what ought not to come again, to come. */
const AFTERWARDS = 6000;

function one(name: string, cites: Case['cites'], needs: readonly Feature[], run: Case['run']): Case {
  return { name, cites, needs: ['lambda', ...needs], seconds: 120, run };
}

/** Waits until a text was given so often; then for what ought not to come. */
async function settled(fn: ScratchFunction, scratch: Scratch, text: string, times: number): Promise<readonly Batch[]> {
  await fn.batches((batches) => timesOf(text, batches) >= times);
  await scratch.sleep(AFTERWARDS);
  return fn.batches(() => true);
}

const FROM_QUEUES: readonly Case[] = [
  one('SQS: only the messages that failed come again', SQS_ERRORS, ['sqs'], async (aws, scratch) => {
    const queue = await scratch.queue(VISIBILITY);
    const fn = await ScratchFunction.create(aws, scratch, `return failures((text) => text === 'bad');`);
    await send(aws, scratch, queue, 'good', 'bad');
    await fn.readFrom(queue.arn, REPORTING);
    const batches = await settled(fn, scratch, 'bad', 2);
    holds(timesOf('bad', batches) >= 2, `"bad" came ${timesOf('bad', batches)} times`);
    same(timesOf('good', batches), 1, 'how often "good" came');
  }),
  one('SQS: an answer of nothing is success', SQS_ERRORS, ['sqs'], async (aws, scratch) => {
    const queue = await scratch.queue(VISIBILITY);
    const fn = await ScratchFunction.create(aws, scratch);
    await send(aws, scratch, queue, 'good');
    await fn.readFrom(queue.arn, REPORTING);
    same(timesOf('good', await settled(fn, scratch, 'good', 1)), 1, 'how often it came');
  }),
  one('SQS: a failure without an id fails the batch', SQS_ERRORS, ['sqs'], async (aws, scratch) => {
    const queue = await scratch.queue(VISIBILITY);
    const fn = await ScratchFunction.create(aws, scratch, `return { batchItemFailures: [{ itemIdentifier: '' }] };`);
    await send(aws, scratch, queue, 'message');
    await fn.readFrom(queue.arn, REPORTING);
    const batches = await fn.batches((some) => timesOf('message', some) >= 2, 20);
    holds(timesOf('message', batches) >= 2, `it came ${timesOf('message', batches)} times`);
  }),
  one('SQS: without ReportBatchItemFailures an answer is success', SQS_ERRORS, ['sqs'], async (aws, scratch) => {
    const queue = await scratch.queue(VISIBILITY);
    const fn = await ScratchFunction.create(aws, scratch, 'return failures(() => true);');
    await send(aws, scratch, queue, 'message');
    await fn.readFrom(queue.arn);
    same(timesOf('message', await settled(fn, scratch, 'message', 1)), 1, 'how often it came');
  }),
  one('SQS: a batch whose function throws comes again, then is dead', SQS_ERRORS, ['sqs'], async (aws, scratch) => {
    const deadLetters = await scratch.queue();
    const queue = await scratch.queue({
      ...VISIBILITY,
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: 2 }),
    });
    const fn = await ScratchFunction.create(aws, scratch, `throw new Error('as the case wants');`);
    await send(aws, scratch, queue, 'poison');
    await fn.readFrom(queue.arn);
    const { message } = await new Letters(aws, scratch, deadLetters).next(60);
    same(message?.Body, 'poison', 'the dead letter');
    same(timesOf('poison', await fn.batches((some) => timesOf('poison', some) >= 2)), 2, 'how often it came');
  }),
  one(
    'SQS: a message that a filter refuses is deleted',
    `${GUIDE}/with-sqs-filtering.html`,
    ['sqs'],
    async (aws, scratch) => {
      const queue = await scratch.queue(VISIBILITY);
      const fn = await ScratchFunction.create(aws, scratch);
      const [order, other] = [JSON.stringify({ kind: 'order' }), JSON.stringify({ kind: 'other' })];
      await send(aws, scratch, queue, order, other);
      await fn.readFrom(queue.arn, filter({ body: { kind: ['order'] } }));
      const batches = await settled(fn, scratch, order, 1);
      same([timesOf(order, batches), timesOf(other, batches)], [1, 0], 'how often each came');
      same(await lengthOf(aws, queue), 0, 'the messages left in the queue');
    },
  ),
  one(
    'SQS: a FIFO source gives a group in its order',
    `${GUIDE}/with-sqs.html`,
    ['sqs', 'sqs-fifo'],
    async (aws, scratch) => {
      const queue = await scratch.queue({ ...VISIBILITY, FifoQueue: 'true' });
      const fn = await ScratchFunction.create(aws, scratch);
      const letters = new Letters(aws, scratch, queue);
      const texts = Array.from({ length: 15 }, (_, index) => `${index}`);
      for (const text of texts) await letters.send(text, { MessageGroupId: 'g', MessageDeduplicationId: text });
      await fn.readFrom(queue.arn, { BatchSize: 4 });
      same((await fn.batches((batches) => batches.flat().length >= 15)).flat(), texts, 'the messages');
    },
  ),
];

const FROM_STREAMS: readonly Case[] = [
  one(
    'Kinesis: TRIM_HORIZON begins with what was there before',
    `${GUIDE}/with-kinesis.html`,
    ['kinesis'],
    async (aws, scratch) => {
      const { name, arn } = await kinesisStream(aws, scratch);
      const fn = await ScratchFunction.create(aws, scratch);
      await put(aws, name, 'a', 'b', 'c');
      await fn.readFrom(arn, FROM_THE_BEGINNING);
      same((await fn.batches((batches) => batches.flat().length >= 3)).flat(), ['a', 'b', 'c'], 'the records');
    },
  ),
  one(
    'Kinesis: a partial failure is retried from the first that failed',
    KINESIS_PARTIAL,
    ['kinesis'],
    async (aws, scratch) => {
      const { name, arn } = await kinesisStream(aws, scratch);
      const fn = await ScratchFunction.create(aws, scratch, `return failures((text) => text === 'bad');`);
      await put(aws, name, 'a', 'bad', 'c');
      await fn.readFrom(arn, { ...FROM_THE_BEGINNING, ...REPORTING, MaximumRetryAttempts: 1 });
      const batches = await settledStream(fn, scratch);
      holds(timesOf('bad', batches) === 2, `"bad" came ${timesOf('bad', batches)} times, not twice`);
      same(timesOf('a', batches), 1, 'how often the record before it came');
      holds(timesOf('c', batches) >= 2, 'the record after it did not come again');
    },
  ),
  one(
    'Kinesis: a batch whose function throws is retried, and nothing overtakes it',
    KINESIS_ERRORS,
    ['kinesis'],
    async (aws, scratch) => {
      const { name, arn } = await kinesisStream(aws, scratch);
      const until = scratch.now() + 8000;
      const fn = await ScratchFunction.create(aws, scratch, `if (Date.now() < ${until}) throw new Error('not yet');`);
      await put(aws, name, 'a', 'b');
      await fn.readFrom(arn, FROM_THE_BEGINNING);
      await fn.batches((batches) => batches.length > 0);
      await put(aws, name, 'c');
      const batches = await fn.batches((some) => timesOf('c', some) >= 1 && timesOf('a', some) >= 2);
      holds(timesOf('a', batches) >= 2, `the batch came ${timesOf('a', batches)} times`);
      holds(timesOf('c', batches) >= 1, 'the record after it never came');
      const tail = batches.flat().slice(batches.flat().lastIndexOf('a'));
      same(tail.slice(0, 3), ['a', 'b', 'c'], 'the last retry and what followed');
    },
  ),
  one('Kinesis: MaximumRetryAttempts lets the shard go on', KINESIS_ERRORS, ['kinesis'], async (aws, scratch) => {
    const { name, arn } = await kinesisStream(aws, scratch);
    const fn = await ScratchFunction.create(aws, scratch, `if (texts.includes('bad')) throw new Error('bad');`);
    await put(aws, name, 'bad');
    await fn.readFrom(arn, { ...FROM_THE_BEGINNING, BatchSize: 1, MaximumRetryAttempts: 1 });
    await fn.batches((batches) => timesOf('bad', batches) >= 1);
    await put(aws, name, 'good');
    const batches = await fn.batches((some) => timesOf('good', some) >= 1, 20);
    same([timesOf('bad', batches), timesOf('good', batches)], [2, 1], 'how often "bad" and "good" came');
  }),
  one('Kinesis: bisecting finds the record that fails', KINESIS_ERRORS, ['kinesis'], async (aws, scratch) => {
    const { name, arn } = await kinesisStream(aws, scratch);
    const fn = await ScratchFunction.create(aws, scratch, `if (texts.includes('bad')) throw new Error('bad');`);
    await put(aws, name, 'a', 'bad', 'c', 'd');
    await fn.readFrom(arn, { ...FROM_THE_BEGINNING, BisectBatchOnFunctionError: true, MaximumRetryAttempts: 3 });
    const without = (text: string, batches: readonly Batch[]) =>
      batches.some((batch) => batch.includes(text) && !batch.includes('bad'));
    const batches = await fn.batches((some) => without('a', some) && without('d', some), 20);
    same(
      ['a', 'c', 'd'].map((text) => without(text, batches)),
      [true, true, true],
      'each good record without the bad',
    );
  }),
  one(
    'Kinesis: a batch that is given up is told to the on-failure queue',
    KINESIS_ERRORS,
    ['kinesis', 'sqs'],
    async (aws, scratch) => {
      const { name, arn } = await kinesisStream(aws, scratch);
      const told = await scratch.queue();
      const fn = await ScratchFunction.create(aws, scratch, `throw new Error('bad');`);
      await put(aws, name, 'bad');
      await fn.readFrom(arn, {
        ...FROM_THE_BEGINNING,
        MaximumRetryAttempts: 0,
        DestinationConfig: { OnFailure: { Destination: told.arn } },
      });
      const { message } = await new Letters(aws, scratch, told).next(20);
      holds(message, 'nothing came within 20 s');
      const { KinesisBatchInfo } = JSON.parse(message.Body ?? '{}') as { KinesisBatchInfo?: { batchSize?: number } };
      same(KinesisBatchInfo?.batchSize, 1, 'the size of the batch');
    },
  ),
  one(
    'DynamoDB: TRIM_HORIZON and a filter give the inserts from the beginning',
    `${GUIDE}/with-ddb-filtering.html`,
    ['dynamodb-streams'],
    async (aws, scratch) => {
      const { name, arn } = await tableStream(aws, scratch);
      const fn = await ScratchFunction.create(aws, scratch);
      await insert(aws, name, 'a', 'b');
      await aws.dynamodb.send(new DeleteItemCommand({ TableName: name, Key: keyOf('a') }));
      await insert(aws, name, 'c');
      await fn.readFrom(arn, { ...FROM_THE_BEGINNING, ...filter({ eventName: ['INSERT'] }) });
      const batches = await fn.batches((some) => some.flat().length >= 3);
      same(batches.flat(), ['INSERT:a', 'INSERT:b', 'INSERT:c'], 'the changes');
    },
  ),
  one(
    'DynamoDB: a partial failure is retried from the first that failed',
    `${GUIDE}/services-ddb-batchfailurereporting.html`,
    ['dynamodb-streams'],
    async (aws, scratch) => {
      const { name, arn } = await tableStream(aws, scratch);
      const fn = await ScratchFunction.create(aws, scratch, `return failures((text) => text === 'INSERT:bad');`);
      await insert(aws, name, 'a', 'bad', 'c');
      await fn.readFrom(arn, { ...FROM_THE_BEGINNING, ...REPORTING, MaximumRetryAttempts: 1 });
      const batches = await settledStream(fn, scratch);
      same(timesOf('INSERT:bad', batches), 2, 'how often the one that failed came');
      same(timesOf('INSERT:a', batches), 1, 'how often the one before it came');
      holds(timesOf('INSERT:c', batches) >= 2, 'the one after it did not come again');
    },
  ),
  one(
    'DynamoDB: a batch whose function throws is retried whole',
    `${GUIDE}/with-ddb.html`,
    ['dynamodb-streams'],
    async (aws, scratch) => {
      const { name, arn } = await tableStream(aws, scratch);
      const until = scratch.now() + 8000;
      const fn = await ScratchFunction.create(aws, scratch, `if (Date.now() < ${until}) throw new Error('not yet');`);
      await insert(aws, name, 'a', 'b', 'c');
      await fn.readFrom(arn, FROM_THE_BEGINNING);
      await fn.batches((batches) => timesOf('INSERT:a', batches) >= 1);
      // Once the function no longer throws, the batch comes a last time.
      await scratch.sleep(Math.max(0, until - scratch.now()) + 4000);
      const batches = await fn.batches(() => true);
      holds(timesOf('INSERT:a', batches) >= 2, `it came ${timesOf('INSERT:a', batches)} times`);
      same(batches.flat().slice(-3), ['INSERT:a', 'INSERT:b', 'INSERT:c'], 'the last retry');
    },
  ),
];

export const LAMBDA: Suite = {
  service: 'lambda',
  title: 'Lambda: event sources',
  cases: [...FROM_QUEUES, ...FROM_STREAMS],
};

/** Waits until a stream's function was given something, and then for its retries. */
async function settledStream(fn: ScratchFunction, scratch: Scratch): Promise<readonly Batch[]> {
  await fn.batches((batches) => batches.flat().length >= 3);
  await scratch.sleep(AFTERWARDS);
  return fn.batches(() => true);
}

function filter(pattern: object): object {
  return { FilterCriteria: { Filters: [{ Pattern: JSON.stringify(pattern) }] } };
}

async function send(aws: Clients, scratch: Scratch, queue: ScratchQueue, ...texts: readonly string[]): Promise<void> {
  const letters = new Letters(aws, scratch, queue);
  for (const text of texts) await letters.send(text);
}

async function lengthOf({ sqs }: Clients, { url }: ScratchQueue): Promise<number> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return Object.values(Attributes).reduce((sum, count) => sum + Number(count), 0);
}

async function kinesisStream({ kinesis }: Clients, scratch: Scratch): Promise<{ name: string; arn: string }> {
  const name = await scratch.stream();
  const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName: name }));
  return { name, arn: StreamDescriptionSummary?.StreamARN ?? '' };
}

/** Puts records of one partition key, in one request. */
async function put({ kinesis }: Clients, StreamName: string, ...texts: readonly string[]): Promise<void> {
  const Records = texts.map((text) => ({ PartitionKey: 'k', Data: Buffer.from(text) }));
  await kinesis.send(new PutRecordsCommand({ StreamName, Records }));
}

async function tableStream({ dynamodb }: Clients, scratch: Scratch): Promise<{ name: string; arn: string }> {
  const name = await scratch.table({ stream: 'NEW_IMAGE' });
  const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: name }));
  return { name, arn: Table?.LatestStreamArn ?? '' };
}

async function insert({ dynamodb }: Clients, TableName: string, ...sorts: readonly string[]): Promise<void> {
  for (const sort of sorts) await dynamodb.send(new PutItemCommand({ TableName, Item: rowOf(sort) }));
}

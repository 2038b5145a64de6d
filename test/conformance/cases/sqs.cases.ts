import { ChangeMessageVisibilityBatchCommand, DeleteMessageBatchCommand } from '@aws-sdk/client-sqs';
import type { Case, Suite } from '../case.ts';
import { holds, refused, same } from '../expect.ts';
import { bodies, Letters, letters } from './letters.ts';

const API = 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference';
const GUIDE = 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide';
const MIB = 1024 * 1024;

function one(name: string, cites: Case['cites'], run: Case['run']): Case {
  return { name, cites, needs: ['sqs'], run };
}

const BATCH = `${API}/API_SendMessageBatch.html` as const;
const VISIBILITY = `${GUIDE}/sqs-visibility-timeout.html` as const;
const DEAD_LETTERS = `${GUIDE}/sqs-dead-letter-queues.html` as const;

const TIMING: readonly Case[] = [
  one('a received message is invisible for the visibility timeout', VISIBILITY, async (aws, scratch) => {
    const queue = await letters(aws, scratch, { VisibilityTimeout: '2' });
    await queue.send('a');
    const before = scratch.now();
    const first = await queue.next();
    const again = await queue.next();
    same([first.message?.Body, again.message?.Body], ['a', 'a'], 'the two receives');
    holds(again.at - before >= 2000, `it came again after ${again.at - before} ms of 2000`);
  }),
  one('a receive may ask for another visibility timeout', VISIBILITY, async (aws, scratch) => {
    const queue = await letters(aws, scratch, { VisibilityTimeout: '30' });
    await queue.send('a');
    const before = scratch.now();
    await queue.next(15, { VisibilityTimeout: 1 });
    const again = await queue.next(10);
    holds(again.message, 'it did not come again within 10 s of 1 s');
    holds(again.at - before >= 1000, `it came again after ${again.at - before} ms of 1000`);
  }),
  one(
    'ChangeMessageVisibility counts anew from now',
    `${API}/API_ChangeMessageVisibility.html`,
    async (aws, scratch) => {
      const queue = await letters(aws, scratch, { VisibilityTimeout: '2' });
      await queue.send('a');
      const { message } = await queue.next();
      await scratch.sleep(1000);
      const before = scratch.now();
      await queue.postpone(message, 3);
      const again = await queue.next();
      holds(again.message, 'it did not come again');
      holds(again.at - before >= 3000, `it came again after ${again.at - before} ms of 3000`);
    },
  ),
  one('a visibility of 0 gives it back at once', `${API}/API_ChangeMessageVisibility.html`, async (aws, scratch) => {
    const queue = await letters(aws, scratch, { VisibilityTimeout: '60' });
    await queue.send('a');
    const { message } = await queue.next();
    await queue.postpone(message, 0);
    holds((await queue.next(10)).message, 'it did not come again within 10 s');
  }),
  one('a visibility above 12 hours is refused', `${API}/API_ChangeMessageVisibility.html`, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    await queue.send('a');
    const { message } = await queue.next();
    await refused(queue.postpone(message, 43_201), 'InvalidParameterValue', 'InvalidParameterValueException');
  }),
  one(
    'a message that is not in flight cannot be postponed',
    `${API}/API_ChangeMessageVisibility.html`,
    async (aws, scratch) => {
      const queue = await letters(aws, scratch, { VisibilityTimeout: '1' });
      await queue.send('a');
      const { message } = await queue.next();
      await scratch.sleep(1600);
      const late = queue.postpone(message, 5);
      await refused(late, 'MessageNotInflight', 'InvalidParameterValue', 'InvalidParameterValueException');
    },
  ),
  one('a delayed message comes after its delay', `${API}/API_SendMessage.html`, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    const before = scratch.now();
    await queue.send('late', { DelaySeconds: 2 });
    await queue.send('now');
    const [first, second] = [await queue.next(), await queue.next()];
    same([first.message?.Body, second.message?.Body], ['now', 'late'], 'the messages');
    holds(second.at - before >= 2000, `it came after ${second.at - before} ms of 2000`);
  }),
  one("a queue's delay holds for messages without one", `${GUIDE}/sqs-delay-queues.html`, async (aws, scratch) => {
    const queue = await letters(aws, scratch, { DelaySeconds: '2' });
    const before = scratch.now();
    await queue.send('late');
    await queue.send('now', { DelaySeconds: 0 });
    const [first, second] = [await queue.next(), await queue.next()];
    same([first.message?.Body, second.message?.Body], ['now', 'late'], 'the messages');
    holds(second.at - before >= 2000, `it came after ${second.at - before} ms of 2000`);
  }),
  one('a delay above 900 s is refused', `${API}/API_SendMessage.html`, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    const long = queue.send('a', { DelaySeconds: 901 });
    await refused(long, 'InvalidParameterValue', 'InvalidParameterValueException');
  }),
  one('receives are counted', `${API}/API_ReceiveMessage.html`, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    await queue.send('a');
    const counts = [];
    for (let receive = 1; receive <= 3; receive++) {
      const { message } = await queue.next(10, { VisibilityTimeout: 30 });
      counts.push(message?.Attributes?.ApproximateReceiveCount);
      await queue.postpone(message, 0);
    }
    same(counts, ['1', '2', '3'], 'the counts');
  }),
  one('a deleted message does not come again', `${API}/API_DeleteMessage.html`, async (aws, scratch) => {
    const queue = await letters(aws, scratch, { VisibilityTimeout: '1' });
    await queue.send('a');
    await queue.delete((await queue.next()).message);
    await scratch.sleep(1600);
    same(bodies(await queue.receive()), [], 'what came after the delete');
  }),
];

const DEAD: readonly Case[] = [
  one('after maxReceiveCount receives a message is a dead letter', DEAD_LETTERS, async (aws, scratch) => {
    const deadLetters = await scratch.queue();
    const queue = await letters(aws, scratch, {
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: 2 }),
    });
    await queue.send('poison');
    for (let receive = 1; receive <= 2; receive++) {
      const { message } = await queue.next(10, { VisibilityTimeout: 30 });
      same(message?.Body, 'poison', `receive ${receive}`);
      await queue.postpone(message, 0);
    }
    same(bodies(await queue.receive()), [], 'receive 3');
    const { message } = await new Letters(aws, scratch, deadLetters).next(10);
    same(message?.Body, 'poison', 'the dead letter');
  }),
  one('a dead letter keeps its id and its attributes', DEAD_LETTERS, async (aws, scratch) => {
    const deadLetters = await scratch.queue();
    const queue = await letters(aws, scratch, {
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: 1 }),
    });
    const { MessageId } = await queue.send('poison', {
      MessageAttributes: { type: { DataType: 'String', StringValue: 'order' } },
    });
    await queue.postpone((await queue.next()).message, 0);
    await queue.receive();
    const { message } = await new Letters(aws, scratch, deadLetters).next(10);
    same(
      [message?.MessageId, message?.MessageAttributes?.type?.StringValue],
      [MessageId, 'order'],
      'the id and the attribute',
    );
  }),
  one('a standard queue keeps a dead letter’s first enqueue time', DEAD_LETTERS, async (aws, scratch) => {
    const deadLetters = await scratch.queue();
    const queue = await letters(aws, scratch, {
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: 1 }),
    });
    await queue.send('poison');
    const { message } = await queue.next();
    await scratch.sleep(1500);
    await queue.postpone(message, 0);
    await queue.receive();
    const dead = await new Letters(aws, scratch, deadLetters).next(10);
    same(dead.message?.Attributes?.SentTimestamp, message?.Attributes?.SentTimestamp, 'its SentTimestamp');
  }),
];

const MESSAGES: readonly Case[] = [
  one('message attributes of all types come back', `${GUIDE}/sqs-message-metadata.html`, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    await queue.send('a', {
      MessageAttributes: {
        text: { DataType: 'String', StringValue: 'ü' },
        number: { DataType: 'Number', StringValue: '42' },
        bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255]) },
      },
    });
    const { text, number, bytes } = (await queue.next()).message?.MessageAttributes ?? {};
    same(
      [text?.StringValue, number?.StringValue, number?.DataType, [...(bytes?.BinaryValue ?? [])]],
      ['ü', '42', 'Number', [0, 255]],
      'the attributes',
    );
  }),
  one('the trace header is a system attribute', `${API}/API_SendMessage.html`, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    const StringValue = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
    await queue.send('a', { MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue } } });
    same((await queue.next()).message?.Attributes?.AWSTraceHeader, StringValue, 'the header');
  }),
  one('a body of 1 MiB is accepted', `${API}/API_SendMessage.html`, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    await queue.send('x'.repeat(MIB));
    same((await queue.next()).message?.Body?.length, MIB, 'its length');
  }),
  one('a body above 1 MiB is refused', `${API}/API_SendMessage.html`, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    await refused(queue.send('x'.repeat(MIB + 1)), 'InvalidParameterValue', 'InvalidParameterValueException');
  }),
  one('attributes count towards the 1 MiB', `${API}/API_SendMessage.html`, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    const large = queue.send('x'.repeat(MIB - 5), {
      MessageAttributes: { type: { DataType: 'String', StringValue: 'order' } },
    });
    await refused(large, 'InvalidParameterValue', 'InvalidParameterValueException');
  }),
  one('characters outside XML 1.0 are refused', `${API}/API_SendMessage.html`, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    await refused(queue.send('bell \u0007'), 'InvalidMessageContents');
    await queue.send('tab \t, line \n, \u{1F600}');
    same((await queue.next()).message?.Body, 'tab \t, line \n, \u{1F600}', 'the body');
  }),
  one('an empty body is refused', `${API}/API_SendMessage.html`, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    await refused(queue.send(''), 'MissingParameter', 'InvalidParameterValue', 'InvalidParameterValueException');
  }),
  one('an unknown queue is refused', `${API}/API_SendMessage.html`, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    const elsewhere = new Letters(aws, scratch, { url: `${queue.url}-nowhere`, arn: '' });
    await refused(elsewhere.send('a'), 'QueueDoesNotExist', 'NonExistentQueue');
  }),
  one('a receive of more than 10 is refused', `${API}/API_ReceiveMessage.html`, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    const eleven = queue.receive({ MaxNumberOfMessages: 11 });
    await refused(eleven, 'ReadCountOutOfRange', 'InvalidParameterValue', 'InvalidParameterValueException');
  }),
];

const BATCHES: readonly Case[] = [
  one('10 entries are accepted, each answered', BATCH, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    const { Successful = [], Failed = [] } = await queue.sendBatch(entries(10));
    same([Successful.length, Failed.length], [10, 0], 'answers');
    same(new Set(bodies(await queue.collect(10))).size, 10, 'the messages');
  }),
  one('11 entries are refused', BATCH, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    await refused(queue.sendBatch(entries(11)), 'TooManyEntriesInBatchRequest');
  }),
  one('an empty batch is refused', BATCH, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    await refused(queue.sendBatch([]), 'EmptyBatchRequest');
  }),
  one('equal ids in a batch are refused', BATCH, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    const equal = ['a', 'b'].map((MessageBody) => ({ Id: 'same', MessageBody }));
    await refused(queue.sendBatch(equal), 'BatchEntryIdsNotDistinct');
  }),
  one('an id of other than letters, digits, - and _ is refused', BATCH, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    await refused(queue.sendBatch([{ Id: 'a.b', MessageBody: 'a' }]), 'InvalidBatchEntryId');
  }),
  one('a batch above 1 MiB in total is refused', BATCH, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    const large = ['a', 'b', 'c'].map((Id) => ({ Id, MessageBody: 'x'.repeat(400 * 1024) }));
    await refused(queue.sendBatch(large), 'BatchRequestTooLong');
  }),
  one('an entry that is refused does not keep the others from being sent', BATCH, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    const { Successful = [], Failed = [] } = await queue.sendBatch([
      { Id: 'good', MessageBody: 'good' },
      { Id: 'bad', MessageBody: 'bell \u0007' },
      { Id: 'late', MessageBody: 'late', DelaySeconds: 901 },
    ]);
    same(
      Successful.map(({ Id }) => Id),
      ['good'],
      'the successful',
    );
    same(
      Failed.map(({ Id, SenderFault }) => [Id, SenderFault]).sort(),
      [
        ['bad', true],
        ['late', true],
      ],
      'the failed',
    );
    same(bodies(await queue.collect(1)), ['good'], 'the messages');
  }),
  one('a delete batch answers for each entry', `${API}/API_DeleteMessageBatch.html`, async (aws, scratch) => {
    const queue = await letters(aws, scratch);
    await queue.send('a');
    const { message } = await queue.next();
    const { Successful = [], Failed = [] } = await aws.sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: queue.url,
        Entries: [
          { Id: 'good', ReceiptHandle: message?.ReceiptHandle },
          { Id: 'bad', ReceiptHandle: 'nonsense' },
        ],
      }),
    );
    same([Successful.map(({ Id }) => Id), Failed.map(({ Id }) => Id)], [['good'], ['bad']], 'the answers');
    same(Failed[0]?.Code?.replace(/^.*\./, ''), 'ReceiptHandleIsInvalid', 'the code');
  }),
  one(
    'a visibility batch answers for each entry',
    `${API}/API_ChangeMessageVisibilityBatch.html`,
    async (aws, scratch) => {
      const queue = await letters(aws, scratch, { VisibilityTimeout: '60' });
      await queue.send('a');
      const { message } = await queue.next();
      const { Successful = [], Failed = [] } = await aws.sqs.send(
        new ChangeMessageVisibilityBatchCommand({
          QueueUrl: queue.url,
          Entries: [
            { Id: 'good', ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 0 },
            { Id: 'bad', ReceiptHandle: 'nonsense', VisibilityTimeout: 0 },
          ],
        }),
      );
      same([Successful.map(({ Id }) => Id), Failed.map(({ Id }) => Id)], [['good'], ['bad']], 'the answers');
      holds((await queue.next(10)).message, 'it did not come again within 10 s');
    },
  ),
];

export const SQS: Suite = {
  service: 'sqs',
  title: 'SQS: standard queues',
  cases: [...TIMING, ...DEAD, ...MESSAGES, ...BATCHES],
};

function entries(count: number) {
  return Array.from({ length: count }, (_, index) => ({ Id: `entry-${index}`, MessageBody: `body ${index}` }));
}

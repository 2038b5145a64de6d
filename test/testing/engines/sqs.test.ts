import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SendMessageCommand,
  type SendMessageCommandInput,
} from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { SqsEngine } from '../../../lib/testing/engines/index.ts';

const SECOND = 1000;
const MIB = 1024 * 1024;

function queueOnClock(options: { readonly maxReceiveCount?: number } = {}) {
  let now = 0;
  const engine = new SqsEngine({ now: () => now });
  const dead = engine.createQueue({ name: 'dead' });
  const { maxReceiveCount } = options;
  const queue = engine.createQueue({
    name: 'orders',
    visibilityTimeout: 30,
    ...(maxReceiveCount !== undefined && { deadLetter: { queue: dead, maxReceiveCount } }),
  });
  const client = engine.client();
  const QueueUrl = queue.url;
  return {
    engine,
    client,
    queue,
    dead,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    send: (MessageBody: string | undefined, more: Partial<SendMessageCommandInput> = {}) =>
      client.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more })),
    sendBatch: (Entries: SendMessageBatchRequestEntry[]) =>
      client.send(new SendMessageBatchCommand({ QueueUrl, Entries })),
    receive: async (more = {}) => {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All'], ...more }),
      );
      return Messages;
    },
    remove: (ReceiptHandle: string | undefined) => client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })),
    change: (ReceiptHandle: string | undefined, VisibilityTimeout: number) =>
      client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout })),
  };
}

test('a received message is invisible until its timeout, and its receipts are counted', async () => {
  const { send, receive, pass } = queueOnClock();
  await send('hello');
  expect(await receive()).toMatchObject([{ Body: 'hello', Attributes: { ApproximateReceiveCount: '1' } }]);
  pass(30 * SECOND - 1);
  expect(await receive()).toEqual([]);
  pass(1);
  expect(await receive()).toMatchObject([
    { Attributes: { ApproximateReceiveCount: '2', ApproximateFirstReceiveTimestamp: '0', SentTimestamp: '0' } },
  ]);
});

test('a delayed message is not there before its time', async () => {
  const { send, receive, pass } = queueOnClock();
  await send('later', { DelaySeconds: 900 });
  pass(900 * SECOND - 1);
  expect(await receive()).toEqual([]);
  pass(1);
  expect(await receive()).toHaveLength(1);
});

test('a deleted message does not come again', async () => {
  const { send, receive, remove, pass } = queueOnClock();
  await send('hello');
  const [message] = await receive();
  await remove(message?.ReceiptHandle);
  pass(3600 * SECOND);
  expect(await receive()).toEqual([]);
});

test('an outdated receipt deletes nothing', async () => {
  const { send, receive, remove, pass, queue } = queueOnClock();
  await send('hello');
  const [first] = await receive();
  pass(30 * SECOND);
  await receive();
  await remove(first?.ReceiptHandle);
  expect(queue.messages()).toHaveLength(1);
});

test('the visibility of a message in flight can be changed, in both directions', async () => {
  const { send, receive, change, pass } = queueOnClock();
  await send('hello');
  const [first] = await receive();
  await change(first?.ReceiptHandle, 0);
  const [second] = await receive();
  await change(second?.ReceiptHandle, 43_200);
  pass(43_200 * SECOND - 1);
  expect(await receive()).toEqual([]);
  await expect(change(second?.ReceiptHandle, 43_201)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  pass(1);
  await expect(change(second?.ReceiptHandle, 1)).rejects.toMatchObject({ name: 'MessageNotInflight' });
  await expect(change('foreign', 1)).rejects.toMatchObject({ name: 'ReceiptHandleIsInvalid' });
});

test('a message that was received too often goes to the dead-letter queue', async () => {
  const { send, receive, dead, queue, pass } = queueOnClock({ maxReceiveCount: 2 });
  await send('poison');
  for (const _ of [1, 2]) {
    expect(await receive()).toHaveLength(1);
    pass(30 * SECOND);
  }
  expect(await receive()).toEqual([]);
  expect(queue.messages()).toEqual([]);
  expect(dead.messages()).toMatchObject([{ body: 'poison', sentAt: 0 }]);
});

test('a message is gone after the retention period', async () => {
  const { send, queue, pass } = queueOnClock();
  await send('old');
  pass(4 * 86_400 * SECOND - 1);
  expect(queue.messages()).toHaveLength(1);
  pass(1);
  expect(queue.messages()).toEqual([]);
});

test('attributes are shown when asked for', async () => {
  const { send, receive, pass } = queueOnClock();
  const MessageAttributes = { reason: { DataType: 'String', StringValue: 'x' } };
  await send('hello', { MessageAttributes });
  expect((await receive())[0]?.MessageAttributes).toBeUndefined();
  pass(30 * SECOND);
  expect((await receive({ MessageAttributeNames: ['All'] }))[0]?.MessageAttributes).toEqual(MessageAttributes);
});

test.each([
  ['nothing', undefined, 'MissingParameter'],
  ['an empty body', '', 'MissingParameter'],
  ['a control character', 'a\u0000', 'InvalidMessageContents'],
  ['U+FFFF', '\uFFFF', 'InvalidMessageContents'],
  ['a lone surrogate', '\uD800', 'InvalidMessageContents'],
  ['more than 1 MiB', 'x'.repeat(MIB + 1), 'InvalidParameterValue'],
  ['more than 1 MiB in UTF-8', 'é'.repeat(MIB / 2 + 1), 'InvalidParameterValue'],
])('%s is refused', async (_, body, name) => {
  const { send, queue } = queueOnClock();
  await expect(send(body)).rejects.toMatchObject({ name, $fault: 'client' });
  expect(queue.messages()).toEqual([]);
});

test('every character that SQS carries is carried, up to 1 MiB with the attributes', async () => {
  const { send, receive } = queueOnClock();
  const body = '\t\n\r \uD7FF\uE000\uFFFD\u{10000}\u{10FFFF}';
  await send(body);
  expect((await receive())[0]?.Body).toBe(body);
  const MessageAttributes = { abc: { DataType: 'String', StringValue: 'x' } };
  const left = MIB - 'abc'.length - 'String'.length - 'x'.length;
  await send('x'.repeat(left), { MessageAttributes });
  await expect(send('x'.repeat(left + 1), { MessageAttributes })).rejects.toMatchObject({
    name: 'InvalidParameterValue',
  });
});

test('wrong delays and attributes are refused', async () => {
  const { send } = queueOnClock();
  for (const DelaySeconds of [-1, 901, 0.5]) await expect(send('x', { DelaySeconds })).rejects.toThrow('DelaySeconds');
  const attributes = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`a${index}`, { DataType: 'String', StringValue: 'x' }]),
    );
  await send('x', { MessageAttributes: attributes(10) });
  await expect(send('x', { MessageAttributes: attributes(11) })).rejects.toThrow('exceeds the allowed maximum');
  const empty = { a: { DataType: 'String', StringValue: '' } };
  await expect(send('x', { MessageAttributes: empty })).rejects.toThrow('non-empty');
});

test('entries of a batch fail one by one', async () => {
  const { sendBatch, queue } = queueOnClock();
  const reply = await sendBatch([
    { Id: 'a', MessageBody: 'fine' },
    { Id: 'b', MessageBody: '\u0000' },
    { Id: 'c', MessageBody: 'late', DelaySeconds: 901 },
  ]);
  expect(reply.Successful).toMatchObject([{ Id: 'a' }]);
  expect(reply.Failed).toMatchObject([
    { Id: 'b', SenderFault: true, Code: 'InvalidMessageContents' },
    { Id: 'c', SenderFault: true, Code: 'InvalidParameterValue' },
  ]);
  expect(queue.messages()).toHaveLength(1);
});

test('a batch that is wrong as a whole is refused as a whole', async () => {
  const { sendBatch, queue } = queueOnClock();
  const entry = (Id: string, MessageBody = 'x') => ({ Id, MessageBody });
  const eleven = Array.from({ length: 11 }, (_, index) => entry(`${index}`));
  await expect(sendBatch([])).rejects.toMatchObject({ name: 'EmptyBatchRequest' });
  await expect(sendBatch(eleven)).rejects.toMatchObject({ name: 'TooManyEntriesInBatchRequest' });
  await expect(sendBatch([entry('a'), entry('a')])).rejects.toMatchObject({ name: 'BatchEntryIdsNotDistinct' });
  await expect(sendBatch([entry('a b')])).rejects.toMatchObject({ name: 'InvalidBatchEntryId' });
  const half = 'x'.repeat(MIB / 2);
  await expect(sendBatch([entry('a', half), entry('b', `${half}x`)])).rejects.toMatchObject({
    name: 'BatchRequestTooLong',
  });
  expect(queue.messages()).toEqual([]);
  await sendBatch([entry('a', half), entry('b', half)]);
  expect(queue.messages()).toHaveLength(2);
});

test('receipts are changed and deleted in batches', async () => {
  const { client, queue, send, receive } = queueOnClock();
  await send('a');
  await send('b');
  const [a, b] = await receive();
  const QueueUrl = queue.url;
  const changed = await client.send(
    new ChangeMessageVisibilityBatchCommand({
      QueueUrl,
      Entries: [
        { Id: '0', ReceiptHandle: a?.ReceiptHandle, VisibilityTimeout: 0 },
        { Id: '1', ReceiptHandle: 'foreign', VisibilityTimeout: 0 },
      ],
    }),
  );
  expect(changed).toMatchObject({ Successful: [{ Id: '0' }], Failed: [{ Id: '1', Code: 'ReceiptHandleIsInvalid' }] });
  expect((await receive()).map(({ Body }) => Body)).toEqual(['a']);
  const deleted = await client.send(
    new DeleteMessageBatchCommand({ QueueUrl, Entries: [{ Id: '0', ReceiptHandle: b?.ReceiptHandle }] }),
  );
  expect(deleted.Successful).toMatchObject([{ Id: '0' }]);
  expect(queue.messages().map(({ body }) => body)).toEqual(['a']);
});

test('a queue that is not there is refused', async () => {
  const { client } = queueOnClock();
  const sent = client.send(new SendMessageCommand({ QueueUrl: 'https://nowhere', MessageBody: 'x' }));
  await expect(sent).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
});

test('what the engine does not know it refuses', async () => {
  const { receive } = queueOnClock();
  const again = receive({ ReceiveRequestAttemptId: 'a' });
  await expect(again).rejects.toMatchObject({ code: 'unsupported-by-engine' });
});

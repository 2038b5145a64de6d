import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SendMessageCommandInput,
} from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type QueueOptions, SqsEngine } from '../../../lib/testing/engines/index.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** A property is tested many times over, however busy the machine is. */
const PATIENCE = MINUTE;

function fifo(options: Partial<QueueOptions> = {}) {
  let now = 0;
  const engine = new SqsEngine({ now: () => now });
  const queue = engine.createQueue({ name: 'orders.fifo', ...options });
  const client = engine.client();
  const QueueUrl = queue.url;
  return {
    engine,
    queue,
    client,
    now: () => now,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    send: (MessageBody: string, MessageGroupId: string | undefined, MessageDeduplicationId?: string, more = {}) =>
      client.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId, MessageDeduplicationId, ...more })),
    receive: async (MaxNumberOfMessages = 10, VisibilityTimeout = 30): Promise<Message[]> => {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages,
          VisibilityTimeout,
          MessageSystemAttributeNames: ['All'],
        }),
      );
      return Messages;
    },
    remove: (message: Message | undefined) =>
      client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle })),
    postpone: (message: Message | undefined, VisibilityTimeout: number) =>
      client.send(
        new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout }),
      ),
  };
}

const bodies = (messages: readonly Message[]) => messages.map(({ Body }) => Body);

describe('the order', () => {
  test('of a group is that in which it was sent, and a receive gives one group before another', async () => {
    const { send, receive } = fifo();
    for (const [body, group] of [
      ['a1', 'a'],
      ['b1', 'b'],
      ['a2', 'a'],
      ['b2', 'b'],
    ] as const) {
      await send(body, group, body);
    }
    expect(bodies(await receive())).toEqual(['a1', 'a2', 'b1', 'b2']);
  });

  test('holds for a group of which any message is in flight, and for no other', async () => {
    const { send, receive, remove, postpone } = fifo();
    for (const body of ['a1', 'a2', 'a3', 'b1']) await send(body, body.slice(0, 1), body);
    const [a1, a2] = await receive(2);
    await remove(a1);
    expect(bodies(await receive())).toEqual(['b1']);
    await postpone(a2, 0);
    expect(bodies(await receive())).toEqual(['a2', 'a3']);
  });

  test('waits for the message that is visible first, though one behind it is in flight for longer', async () => {
    const { send, receive, postpone, pass } = fifo();
    for (const body of ['1', '2', '3']) await send(body, 'g', body);
    const [, second] = await receive(2);
    await postpone(second, 100);
    pass(30 * SECOND);
    expect(bodies(await receive())).toEqual([]);
    pass(70 * SECOND);
    expect(bodies(await receive())).toEqual(['1', '2', '3']);
  });

  test('is that of the queue for a delay, too', async () => {
    const { send, receive, pass } = fifo({ delaySeconds: 10 });
    await send('1', 'g', '1');
    pass(4 * SECOND);
    await send('2', 'g', '2');
    pass(6 * SECOND);
    expect(bodies(await receive())).toEqual(['1']);
    pass(30 * SECOND);
    expect(bodies(await receive())).toEqual(['1', '2']);
  });

  test('shows in sequence numbers of 20 digits', async () => {
    const { send, receive } = fifo();
    const sent = [await send('1', 'g', '1'), await send('2', 'h', '2')];
    const numbers = sent.map(({ SequenceNumber = '' }) => SequenceNumber);
    expect(numbers.map(({ length }) => length)).toEqual([20, 20]);
    expect(BigInt(numbers[1] ?? 0)).toBeGreaterThan(BigInt(numbers[0] ?? 0));
    expect((await receive(1))[0]?.Attributes).toMatchObject({
      SequenceNumber: numbers[0],
      MessageGroupId: 'g',
      MessageDeduplicationId: '1',
    });
  });
});

test('a queue knows when something can be received next: not while its group is held back', async () => {
  const { queue, send, receive, remove, now } = fifo();
  expect(queue.nextVisible()).toBe(Number.POSITIVE_INFINITY);
  for (const body of ['1', '2']) await send(body, 'g', body);
  expect(queue.nextVisible()).toBe(now());
  const [first] = await receive(1, 40);
  expect(queue.nextVisible()).toBe(40 * SECOND);
  await remove(first);
  expect(queue.nextVisible()).toBe(now());
});

describe('a duplicate', () => {
  test('is answered as its original was, and never received', async () => {
    const { send, receive, remove, pass } = fifo();
    const first = await send('first', 'g', 'id');
    const [message] = await receive();
    await remove(message);
    pass(5 * MINUTE - 1);
    const { MessageId, SequenceNumber } = await send('second', 'h', 'id');
    expect({ MessageId, SequenceNumber }).toEqual({
      MessageId: first.MessageId,
      SequenceNumber: first.SequenceNumber,
    });
    expect(await receive()).toEqual([]);
    pass(1);
    await send('third', 'g', 'id');
    expect(bodies(await receive())).toEqual(['third']);
  });

  test('in one batch succeeds, and is one message', async () => {
    const { client, queue } = fifo({ contentBasedDeduplication: true });
    const entry = (Id: string, MessageBody: string) => ({ Id, MessageBody, MessageGroupId: 'g' });
    const { Successful = [], Failed } = await client.send(
      new SendMessageBatchCommand({
        QueueUrl: queue.url,
        Entries: [entry('0', 'same'), entry('1', 'same'), entry('2', 'other')],
      }),
    );
    expect(Failed).toBeUndefined();
    expect(Successful[1]?.MessageId).toBe(Successful[0]?.MessageId);
    expect(queue.messages().map(({ body }) => body)).toEqual(['same', 'other']);
  });

  test('is one within its group only, where the scope is the group', async () => {
    const scope = { deduplicationScope: 'messageGroup', fifoThroughputLimit: 'perMessageGroupId' } as const;
    const { send, receive } = fifo(scope);
    await send('a', 'a', 'id');
    await send('b', 'b', 'id');
    await send('again', 'b', 'id');
    expect(bodies(await receive())).toEqual(['a', 'b']);
  });

  test('is told by the content, not by the attributes, unless an id is given', async () => {
    const { send, receive } = fifo({ contentBasedDeduplication: true });
    const attribute = (StringValue: string): Partial<SendMessageCommandInput> => ({
      MessageAttributes: { n: { DataType: 'String', StringValue } },
    });
    await send('same', 'g', undefined, attribute('1'));
    await send('same', 'g', undefined, attribute('2'));
    await send('same', 'g', 'own');
    const messages = await receive();
    expect(bodies(messages)).toEqual(['same', 'same']);
    expect(messages[0]?.Attributes?.MessageDeduplicationId).toMatch(/^[0-9a-f]{64}$/);
  });
});

test('a dead letter frees its group, keeps its ids, and is as new as its move', async () => {
  const engine = fifo();
  const letters = engine.engine.createQueue({ name: 'dead.fifo' });
  const queue = engine.engine.createQueue({ name: 'work.fifo', deadLetter: { queue: letters, maxReceiveCount: 2 } });
  for (const body of ['poison', 'good']) {
    queue.send({ id: body, body, attributes: {}, groupId: 'g', deduplicationId: body });
  }
  for (const _ of [1, 2]) {
    expect(queue.receive(1).map(({ body }) => body)).toEqual(['poison']);
    engine.pass(30 * SECOND);
  }
  expect(queue.receive(10).map(({ body }) => body)).toEqual(['good']);
  expect(letters.messages()).toMatchObject([
    { id: 'poison', groupId: 'g', deduplicationId: 'poison', sentAt: MINUTE, receives: 0 },
  ]);
});

test('a receipt is no longer good once its message is visible again', async () => {
  const { send, receive, remove, pass } = fifo();
  await send('1', 'g', '1');
  const [message] = await receive();
  pass(30 * SECOND);
  await expect(remove(message)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  expect(bodies(await receive())).toEqual(['1']);
});

test.each([
  ['no group', { MessageDeduplicationId: 'x' }, 'MissingParameter'],
  ['no id', { MessageGroupId: 'g' }, 'InvalidParameterValue'],
  [
    'a delay of its own',
    { MessageGroupId: 'g', MessageDeduplicationId: 'x', DelaySeconds: 1 },
    'InvalidParameterValue',
  ],
  ['a group with a space', { MessageGroupId: 'a b', MessageDeduplicationId: 'x' }, 'InvalidParameterValue'],
  [
    'an id of 129 characters',
    { MessageGroupId: 'g', MessageDeduplicationId: 'x'.repeat(129) },
    'InvalidParameterValue',
  ],
])('a message with %s is refused, alone or as an entry', async (_, more, name) => {
  const { client, queue } = fifo();
  const alone = client.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: 'x', ...more }));
  await expect(alone).rejects.toMatchObject({ name, $fault: 'client' });
  const good = { Id: 'good', MessageBody: 'x', MessageGroupId: 'g', MessageDeduplicationId: 'good' };
  const batch = await client.send(
    new SendMessageBatchCommand({ QueueUrl: queue.url, Entries: [{ Id: 'bad', MessageBody: 'x', ...more }, good] }),
  );
  expect(batch).toMatchObject({ Successful: [{ Id: 'good' }], Failed: [{ Id: 'bad', Code: name, SenderFault: true }] });
  expect(queue.messages()).toHaveLength(1);
});

test('a standard queue takes a group, but no deduplication id', async () => {
  const { send, receive } = fifo({ name: 'orders' });
  await send('1', 'tenant');
  await expect(send('2', 'tenant', 'id')).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  expect((await receive())[0]?.Attributes).toMatchObject({ MessageGroupId: 'tenant' });
});

test('what does not go together is refused', () => {
  const { engine, queue } = fifo();
  const deadLetter = { queue, maxReceiveCount: 1 };
  const refused: Omit<QueueOptions, 'name'>[] = [{ deadLetter }, { contentBasedDeduplication: true }];
  for (const options of refused) expect(() => engine.createQueue({ name: 'standard', ...options })).toThrow('FIFO');
  expect(() => engine.createQueue({ name: 'x.fifo', fifoThroughputLimit: 'perMessageGroupId' })).toThrow(
    'messageGroup',
  );
});

test('its attributes say what kind of a queue it is', async () => {
  const { client, queue } = fifo({ contentBasedDeduplication: true });
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: queue.url, AttributeNames: ['All'] }),
  );
  expect(Attributes).toMatchObject({
    FifoQueue: 'true',
    ContentBasedDeduplication: 'true',
    DeduplicationScope: 'queue',
    QueueArn: 'arn:aws:sqs:us-east-1:000000000000:orders.fifo',
  });
});

/** What somebody may do with a queue. */
type Step =
  | { readonly kind: 'send'; readonly group: string; readonly id: string }
  | { readonly kind: 'receive'; readonly limit: number; readonly seconds: number }
  | { readonly kind: 'delete' | 'show'; readonly nth: number }
  | { readonly kind: 'pass'; readonly seconds: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('send' as const),
      group: fc.constantFrom('a', 'b', 'c'),
      id: fc.constantFrom('1', '2', '3', '4', '5'),
    }),
    fc.record({
      kind: fc.constant('receive' as const),
      limit: fc.integer({ min: 1, max: 5 }),
      seconds: fc.constantFrom(10, 60, 600),
    }),
    fc.record({ kind: fc.constantFrom('delete' as const, 'show' as const), nth: fc.nat(5) }),
    fc.record({ kind: fc.constant('pass' as const), seconds: fc.constantFrom(1, 15, 100, 200) }),
  ),
  { maxLength: 60, size: 'max' },
);

test.each(['queue', 'messageGroup'] as const)(
  'whatever is done to it, each group comes in order and each id once (scope: %s)',
  async (deduplicationScope) => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const { send, receive, remove, postpone, pass, now } = fifo({ deduplicationScope });
        /** What was taken and not deleted, by group, in order. */
        const left = new Map<string, string[]>();
        /** What is in flight: until when, by message id. */
        const inFlight = new Map<string, { readonly group: string; readonly message: Message; until: number }>();
        const takenAt = new Map<string, number>();
        const flying = () => [...inFlight.values()].filter(({ until }) => until > now());
        for (const step of all) {
          if (step.kind === 'pass') pass(step.seconds * SECOND);
          if (step.kind === 'send') {
            const { MessageId = '' } = await send('x', step.group, step.id);
            const key = deduplicationScope === 'queue' ? step.id : `${step.group}/${step.id}`;
            const before = takenAt.get(key);
            if (before !== undefined && now() - before < 5 * MINUTE) continue;
            takenAt.set(key, now());
            left.set(step.group, [...(left.get(step.group) ?? []), MessageId]);
          }
          if (step.kind === 'receive') {
            const held = new Set(flying().map(({ group }) => group));
            const messages = await receive(step.limit, step.seconds);
            const byGroup = Map.groupBy(messages, ({ Attributes }) => Attributes?.MessageGroupId ?? '');
            for (const [group, some] of byGroup) {
              expect(held.has(group)).toBe(false);
              expect(some.map(({ MessageId }) => MessageId)).toEqual(left.get(group)?.slice(0, some.length));
              for (const message of some) {
                inFlight.set(message.MessageId ?? '', { group, message, until: now() + step.seconds * SECOND });
              }
            }
            const free = [...left].filter(([group]) => !held.has(group)).flatMap(([, ids]) => ids);
            expect(messages).toHaveLength(Math.min(step.limit, free.length));
          }
          const chosen = 'nth' in step ? flying()[step.nth] : undefined;
          if (chosen && step.kind === 'show') {
            await postpone(chosen.message, 0);
            chosen.until = now();
          }
          if (chosen && step.kind === 'delete') {
            await remove(chosen.message);
            const id = chosen.message.MessageId ?? '';
            inFlight.delete(id);
            left.set(chosen.group, left.get(chosen.group)?.filter((one) => one !== id) ?? []);
          }
        }
      }),
      { numRuns: 150 },
    );
  },
  PATIENCE,
);

import type { Case, Suite } from '../case.ts';
import type { Clients } from '../clients.ts';
import { refused, same } from '../expect.ts';
import type { Scratch } from '../scratch.ts';
import { bodies, type Letters, letters } from './letters.ts';

const GUIDE = 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide';
const DELIVERY = `${GUIDE}/FIFO-queues-understanding-logic.html` as const;
const DEDUPLICATION = `${GUIDE}/using-messagededuplicationid-property.html` as const;
const THROUGHPUT = `${GUIDE}/high-throughput-fifo.html` as const;

function one(
  name: string,
  cites: Case['cites'],
  attributes: Readonly<Record<string, string>>,
  ask: (queue: Letters, scratch: Scratch, aws: Clients) => Promise<void>,
  more: Partial<Case> = {},
): Case {
  return {
    name,
    cites,
    needs: ['sqs', 'sqs-fifo'],
    ...more,
    async run(aws, scratch) {
      await ask(await letters(aws, scratch, { FifoQueue: 'true', ...attributes }), scratch, aws);
    },
  };
}

const inGroup = (MessageGroupId: string, id: string) => ({ MessageGroupId, MessageDeduplicationId: id });
const byContent = { ContentBasedDeduplication: 'true' };

export const SQS_FIFO: Suite = {
  service: 'sqs-fifo',
  title: 'SQS: FIFO queues',
  cases: [
    one('messages of a group come in the order in which they were sent', DELIVERY, {}, async (queue) => {
      for (let n = 0; n < 8; n++) await queue.send(`${n}`, inGroup('g', `${n}`));
      same(bodies(await inOrder(queue, 8)), ['0', '1', '2', '3', '4', '5', '6', '7'], 'the order');
    }),
    one('a message in flight holds its group back, and no other', DELIVERY, {}, async (queue) => {
      await queue.send('a1', inGroup('a', 'a1'));
      same(bodies(await queue.collect(1, 10)), ['a1'], 'the first');
      await queue.send('a2', inGroup('a', 'a2'));
      await queue.send('b1', inGroup('b', 'b1'));
      same(bodies(await queue.collect(2, 2)), ['b1'], 'what came while a1 was in flight');
    }),
    one('a message that comes again comes before those after it', DELIVERY, {}, async (queue) => {
      for (const body of ['1', '2', '3']) await queue.send(body, inGroup('g', body));
      const first = await queue.receive({ MaxNumberOfMessages: 1 });
      same(bodies(first), ['1'], 'the first');
      await queue.postpone(first[0], 0);
      same(bodies(await inOrder(queue, 3)), ['1', '2', '3'], 'the order');
    }),
    one('sequence numbers ascend within a group', `${GUIDE}/FIFO-key-terms.html`, {}, async (queue) => {
      const numbers: bigint[] = [];
      for (const body of ['1', '2', '3']) {
        numbers.push(BigInt((await queue.send(body, inGroup('g', body))).SequenceNumber ?? 0));
      }
      same(
        numbers.map((number, index) => number > (numbers[index - 1] ?? 0n)),
        [true, true, true],
        'each above the one before',
      );
    }),
    one('a deduplication id is taken once, and answered as before', DEDUPLICATION, {}, async (queue) => {
      const first = await queue.send('first', inGroup('g', 'id'));
      const again = await queue.send('second', inGroup('g', 'id'));
      await queue.send('other', inGroup('g', 'other'));
      same(again.MessageId, first.MessageId, 'the message id of the duplicate');
      same(bodies(await inOrder(queue, 2)), ['first', 'other'], 'the messages');
    }),
    one('even after the first was deleted', DEDUPLICATION, {}, async (queue) => {
      await queue.send('first', inGroup('g', 'id'));
      await inOrder(queue, 1);
      await queue.send('second', inGroup('g', 'id'));
      await queue.send('other', inGroup('g', 'other'));
      same(bodies(await inOrder(queue, 1)), ['other'], 'the messages');
    }),
    one('equal bodies are one message when content is the id', DEDUPLICATION, byContent, async (queue) => {
      for (const body of ['same', 'same', 'other']) await queue.send(body, { MessageGroupId: 'g' });
      same(bodies(await inOrder(queue, 2)), ['same', 'other'], 'the messages');
    }),
    one('attributes are not part of the content', DEDUPLICATION, byContent, async (queue) => {
      const attribute = (StringValue: string) => ({
        MessageGroupId: 'g',
        MessageAttributes: { n: { DataType: 'String', StringValue } },
      });
      await queue.send('same', attribute('1'));
      await queue.send('same', attribute('2'));
      await queue.send('other', { MessageGroupId: 'g' });
      same(bodies(await inOrder(queue, 2)), ['same', 'other'], 'the messages');
    }),
    one('a given id wins over the content', DEDUPLICATION, byContent, async (queue) => {
      await queue.send('same', inGroup('g', '1'));
      await queue.send('same', inGroup('g', '2'));
      same(bodies(await inOrder(queue, 2)), ['same', 'same'], 'the messages');
    }),
    one('ids count for the whole queue', THROUGHPUT, {}, async (queue) => {
      await queue.send('first', inGroup('a', 'id'));
      await queue.send('second', inGroup('b', 'id'));
      await queue.send('other', inGroup('b', 'other'));
      same(bodies(await inOrder(queue, 2)).sort(), ['first', 'other'], 'the messages');
    }),
    one(
      'or for each group, where DeduplicationScope says so',
      THROUGHPUT,
      { DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' },
      async (queue) => {
        await queue.send('first', inGroup('a', 'id'));
        await queue.send('second', inGroup('b', 'id'));
        await queue.send('third', inGroup('b', 'id'));
        same(bodies(await inOrder(queue, 2)).sort(), ['first', 'second'], 'the messages');
      },
    ),
    one(
      'an id is free again after five minutes',
      DEDUPLICATION,
      {},
      async (queue, scratch) => {
        await queue.send('first', inGroup('g', 'id'));
        await inOrder(queue, 1);
        await scratch.sleep(290_000);
        await queue.send('too early', inGroup('g', 'id'));
        await scratch.sleep(15_000);
        await queue.send('second', inGroup('g', 'id'));
        same(bodies(await inOrder(queue, 1)), ['second'], 'the messages');
      },
      { seconds: 340, slow: 'it waits for five minutes' },
    ),
    one('a message without a group is refused', DELIVERY, {}, async (queue) => {
      await refused(queue.send('a', { MessageDeduplicationId: 'a' }), 'MissingParameter');
    }),
    one('a message without an id is refused where content is none', DEDUPLICATION, {}, async (queue) => {
      const bare = queue.send('a', { MessageGroupId: 'g' });
      await refused(bare, 'InvalidParameterValue', 'InvalidParameterValueException');
    }),
    one(
      'a delay for one message is refused',
      'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html',
      {},
      async (queue) => {
        const delayed = queue.send('a', { ...inGroup('g', 'a'), DelaySeconds: 1 });
        await refused(delayed, 'InvalidParameterValue', 'InvalidParameterValueException');
      },
    ),
    {
      name: 'a dead letter frees its group',
      cites: `${GUIDE}/sqs-dead-letter-queues.html`,
      needs: ['sqs', 'sqs-fifo'],
      async run(aws, scratch) {
        const deadLetters = await scratch.queue({ FifoQueue: 'true' });
        const queue = await letters(aws, scratch, {
          FifoQueue: 'true',
          RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: 1 }),
        });
        await queue.send('poison', inGroup('g', '1'));
        await queue.send('good', inGroup('g', '2'));
        const [poison] = await queue.receive({ MaxNumberOfMessages: 1 });
        same(poison?.Body, 'poison', 'the first');
        await queue.postpone(poison, 0);
        same(bodies(await inOrder(queue, 1)), ['good'], 'what came after it');
      },
    },
  ],
};

/** Receives and deletes until `count` messages have come, and a little longer for those that ought not to. */
async function inOrder(queue: Letters, count: number) {
  const messages = [];
  for (let round = 0; round < count + 2; round++) {
    const some = await queue.collect(1, messages.length < count ? 5 : 0);
    for (const message of some) await queue.delete(message);
    messages.push(...some);
  }
  return messages;
}

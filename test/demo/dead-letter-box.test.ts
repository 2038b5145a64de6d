import { type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { DeadLetterBox } from '../../demo/wire.ts';
import type { Environment } from '../../lib/aws/environment.ts';
import { fakeEnvironment } from '../aws/fake-environment.ts';

/** A queue that gives out what is visible, and the receipts of letters that were shown again. */
function deadLetterQueue() {
  const visible: Message[] = [];
  const shown: string[] = [];
  const send = async (command: { readonly input: object }) => {
    if (command instanceof ReceiveMessageCommand) return { Messages: visible.splice(0, 10) };
    shown.push((command.input as { ReceiptHandle: string }).ReceiptHandle);
    return {};
  };
  const environment: Environment = { ...fakeEnvironment(), sqs: { send } as Environment['sqs'] };
  const box = new DeadLetterBox(environment, { pay: { queueUrl: 'pay', deadLetterQueueUrl: 'pay-dead' } });
  return { visible, shown, box };
}

const attributes = {
  'waybill-reason': 'malformed-message',
  'waybill-detail': 'no JSON',
  'waybill-subscriber': 'pay',
  'waybill-encoding': 'text',
};

const letter = (id: string, receipt: string): Message => ({
  MessageId: id,
  ReceiptHandle: receipt,
  Body: `body of ${id}`,
  MessageAttributes: Object.fromEntries(
    Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  ),
});

test('a letter that is received again, in a run longer than it stays hidden, is counted once', async () => {
  const { visible, shown, box } = deadLetterQueue();
  visible.push(letter('1', 'first'), letter('2', 'second'));
  expect(await box.poll()).toHaveLength(2);
  visible.push(letter('1', 'third'));
  expect(await box.poll()).toEqual([]);
  expect(box.letters.map(({ reason }) => reason)).toEqual(['malformed-message', 'malformed-message']);

  await box.release();
  expect(shown.sort()).toEqual(['second', 'third']);
});

test('two letters with the same bytes are two', async () => {
  const { visible, box } = deadLetterQueue();
  visible.push({ ...letter('1', 'first'), Body: 'same' }, { ...letter('2', 'second'), Body: 'same' });
  expect(await box.poll()).toHaveLength(2);
});

import { GetObjectCommand } from '@aws-sdk/client-s3';
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { readDeadLetter } from '../../consume/dead-letter.ts';
import type { DeadLetter } from '../delivery.ts';
import type { HostClients } from './clients.ts';

/** Takes all letters out of some dead-letter queues. */
export async function takeLetters(queueUrls: readonly string[], clients: HostClients): Promise<DeadLetter[]> {
  const letters = await Promise.all(queueUrls.map((url) => takeFrom(url, clients)));
  return letters.flat();
}

async function takeFrom(QueueUrl: string, clients: HostClients): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for (;;) {
    const { Messages = [] } = await clients.sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
    );
    if (Messages.length === 0) return letters;
    letters.push(...(await Promise.all(Messages.map((message) => letterIn(message, clients)))));
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await clients.sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
}

async function letterIn({ Body = '', MessageAttributes = {} }: Message, { s3 }: HostClients): Promise<DeadLetter> {
  const texts = Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue] as const);
  const message = { body: Body, attributes: Object.fromEntries(texts) };
  const letter = await readDeadLetter(message, async (Bucket, Key) => {
    const object = await s3.send(new GetObjectCommand({ Bucket, Key }));
    return (await object.Body?.transformToByteArray()) ?? new Uint8Array();
  });
  const { subscriber, reason, detail, bytes, messageId } = letter;
  return { subscriber, reason, detail, bytes, ...(messageId && { id: messageId }) };
}

import { hash } from 'node:crypto';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { type MessageAttributeValue, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { type DeadLetterContent, readDeadLetter } from '../../lib/consume/dead-letter.ts';
import type { Stage } from './stage.ts';

/** A dead letter: what it says, and as it lies in its queue. */
export interface Letter extends DeadLetterContent {
  readonly sha256: string;
  readonly body: string;
  readonly attributes: Record<string, MessageAttributeValue>;
}

/** Takes all letters out of a dead-letter queue's sight, for as long as any test runs. */
export async function readLetters({ sqs, s3 }: Stage, queueUrl: string): Promise<Letter[]> {
  const letters: Letter[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 3600,
        MessageAttributeNames: ['All'],
      }),
    );
    if (Messages.length === 0) return letters;
    for (const { Body: body = '', MessageAttributes: attributes = {} } of Messages) {
      const texts = Object.entries(attributes).map(([name, { StringValue }]) => [name, StringValue]);
      const content = await readDeadLetter({ body, attributes: Object.fromEntries(texts) }, async (Bucket, Key) => {
        const object = await s3.send(new GetObjectCommand({ Bucket, Key }));
        return (await object.Body?.transformToByteArray()) ?? new Uint8Array();
      });
      letters.push({ ...content, sha256: sha256(content.bytes), body, attributes });
    }
  }
}

export function sha256(bytes: Uint8Array | string): string {
  return hash('sha256', bytes);
}

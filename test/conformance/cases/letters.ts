import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SendMessageCommand,
  type SendMessageCommandInput,
} from '@aws-sdk/client-sqs';
import type { Clients } from '../clients.ts';
import type { Scratch, ScratchQueue } from '../scratch.ts';

/** A queue as a case uses it. */
export class Letters {
  readonly #aws: Clients;
  readonly #scratch: Scratch;
  readonly url: string;

  constructor(aws: Clients, scratch: Scratch, { url }: ScratchQueue) {
    this.#aws = aws;
    this.#scratch = scratch;
    this.url = url;
  }

  send(MessageBody: string, more: Partial<SendMessageCommandInput> = {}) {
    return this.#aws.sqs.send(new SendMessageCommand({ QueueUrl: this.url, MessageBody, ...more }));
  }

  sendBatch(Entries: SendMessageBatchRequestEntry[]) {
    return this.#aws.sqs.send(new SendMessageBatchCommand({ QueueUrl: this.url, Entries }));
  }

  /** What one receive gives. */
  async receive(more: { MaxNumberOfMessages?: number; VisibilityTimeout?: number } = {}): Promise<Message[]> {
    const { Messages = [] } = await this.#aws.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: this.url,
        MaxNumberOfMessages: 10,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
        ...more,
      }),
    );
    return Messages;
  }

  /**
   * Receives until `count` messages have come or the time is over: one receive of a standard queue need not give all that
   * are there.
   */
  async collect(count: number, seconds = 15, more: { VisibilityTimeout?: number } = {}): Promise<Message[]> {
    const end = this.#scratch.now() + seconds * 1000;
    const messages: Message[] = [];
    for (;;) {
      messages.push(...(await this.receive(more)));
      if (messages.length >= count || this.#scratch.now() >= end) return messages;
      await this.#scratch.sleep(100);
    }
  }

  /** The next message, and the moment at which it came. */
  async next(seconds = 15, more: { VisibilityTimeout?: number } = {}): Promise<{ message?: Message; at: number }> {
    const [message] = await this.collect(1, seconds, more);
    return { ...(message && { message }), at: this.#scratch.now() };
  }

  delete(message: Message | undefined) {
    const command = new DeleteMessageCommand({ QueueUrl: this.url, ReceiptHandle: message?.ReceiptHandle });
    return this.#aws.sqs.send(command);
  }

  postpone(message: Message | undefined, VisibilityTimeout: number) {
    return this.#aws.sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: this.url,
        ReceiptHandle: message?.ReceiptHandle,
        VisibilityTimeout,
      }),
    );
  }
}

/** A new queue of the case. @param attributes of CreateQueue */
export async function letters(
  aws: Clients,
  scratch: Scratch,
  attributes: Readonly<Record<string, string>> = {},
): Promise<Letters> {
  return new Letters(aws, scratch, await scratch.queue(attributes));
}

/** The bodies of messages. */
export function bodies(messages: readonly Message[]): (string | undefined)[] {
  return messages.map(({ Body }) => Body);
}

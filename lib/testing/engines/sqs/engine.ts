import { hash } from 'node:crypto';
import type {
  ChangeMessageVisibilityBatchCommandInput,
  ChangeMessageVisibilityCommandInput,
  DeleteMessageBatchCommandInput,
  DeleteMessageCommandInput,
  GetQueueAttributesCommandInput,
  ReceiveMessageCommandInput,
  SendMessageBatchCommandInput,
  SendMessageCommandInput,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { Engine } from '../engine.ts';
import { refuseOthers } from '../refuse-others.ts';
import type { Operations } from '../wire.ts';
import { checkedEntries, eachEntry, MAX_BATCH } from './batch-entries.ts';
import { batchTooLong, invalidParameter, missingParameter, queueDoesNotExist } from './exceptions.ts';
import { isWithin, MAX_BYTES, messageBytes, type NewMessage, refuseInvalid } from './message-limits.ts';
import { Queue, type QueueEvent, type QueueOptions } from './queue.ts';
import { attributesOf } from './queue-attributes.ts';
import { received } from './received-message.ts';

const MESSAGE = [
  'MessageBody',
  'DelaySeconds',
  'MessageAttributes',
  'MessageSystemAttributes',
  'MessageGroupId',
  'MessageDeduplicationId',
];
const MAX_VISIBILITY_SECONDS = 43_200;

/**
 * SQS in memory: standard and FIFO queues on a given clock. It answers SendMessage, ReceiveMessage, DeleteMessage and
 * ChangeMessageVisibility, in batches too, and counts messages in GetQueueAttributes, with the limits and errors of SQS.
 * Not there: long polling (a receive answers with what is visible now), receive request attempts, limits of throughput and
 * of messages in flight, checksums of attributes, permissions.
 *
 * @example
 * const sqs = new SqsEngine({ now: () => 0 });
 * const queue = sqs.createQueue({ name: 'orders' });
 * await sqs.client().send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: 'hello' }));
 * queue.messages(); // [{ body: 'hello', … }]
 */
export class SqsEngine extends Engine<SQSClient, [event: QueueEvent]> {
  protected override readonly operations: Operations;
  readonly #queues = new Map<string, Queue>();
  #messages = 0;

  /** @param clock.now milliseconds since the epoch */
  constructor(clock: { readonly now: () => number }) {
    super(clock);
    this.operations = {
      SendMessage: (input) => this.#sendMessage(input),
      SendMessageBatch: (input) => this.#sendMessageBatch(input),
      ReceiveMessage: (input) => this.#receiveMessage(input),
      GetQueueAttributes: (input) => this.#getQueueAttributes(input),
      DeleteMessage: (input) => this.#deleteMessage(input),
      DeleteMessageBatch: (input) => this.#deleteMessageBatch(input),
      ChangeMessageVisibility: (input) => this.#changeVisibility(input),
      ChangeMessageVisibilityBatch: (input) => this.#changeVisibilityBatch(input),
    };
  }

  createQueue(options: QueueOptions): Queue {
    const queue = new Queue(options, this.now, this.tell);
    this.#queues.set(queue.url, queue);
    return queue;
  }

  /** @throws QueueDoesNotExist when no queue has the URL */
  queue(url: string | undefined): Queue {
    const queue = this.#queues.get(url ?? '');
    if (!queue) throw queueDoesNotExist();
    return queue;
  }

  #sendMessage(input: SendMessageCommandInput) {
    refuseOthers('SendMessage', input, ['QueueUrl', ...MESSAGE]);
    const queue = this.queue(input.QueueUrl);
    refuseInvalid(input, queue);
    return this.#enqueue(queue, input);
  }

  #sendMessageBatch(input: SendMessageBatchCommandInput) {
    refuseOthers('SendMessageBatch', input, ['QueueUrl', 'Entries']);
    const queue = this.queue(input.QueueUrl);
    const entries = checkedEntries(input.Entries);
    const bytes = entries.reduce((sum, entry) => sum + messageBytes(entry), 0);
    if (bytes > MAX_BYTES) throw batchTooLong(MAX_BYTES, bytes);
    return eachEntry(entries, (entry) => {
      refuseOthers('SendMessageBatch', entry, ['Id', ...MESSAGE]);
      refuseInvalid(entry, queue);
      return this.#enqueue(queue, entry);
    });
  }

  #enqueue(queue: Queue, message: NewMessage) {
    const { MessageBody = '', DelaySeconds, MessageGroupId, MessageDeduplicationId } = message;
    this.#messages += 1;
    const traceHeader = message.MessageSystemAttributes?.AWSTraceHeader?.StringValue;
    const deduplicationId = queue.isFifo ? (MessageDeduplicationId ?? hash('sha256', MessageBody)) : undefined;
    const { id, sequenceNumber } = queue.send(
      {
        id: `00000000-0000-4000-8000-${this.#messages.toString(16).padStart(12, '0')}`,
        body: MessageBody,
        attributes: structuredClone(message.MessageAttributes ?? {}),
        ...(traceHeader && { traceHeader }),
        ...(MessageGroupId !== undefined && { groupId: MessageGroupId }),
        ...(deduplicationId !== undefined && { deduplicationId }),
      },
      DelaySeconds,
    );
    return {
      MessageId: id,
      MD5OfMessageBody: hash('md5', MessageBody),
      ...(sequenceNumber !== undefined && { SequenceNumber: sequenceNumber }),
    };
  }

  #receiveMessage(input: ReceiveMessageCommandInput) {
    refuseOthers('ReceiveMessage', input, [
      'QueueUrl',
      'MaxNumberOfMessages',
      'VisibilityTimeout',
      'WaitTimeSeconds',
      'AttributeNames',
      'MessageSystemAttributeNames',
      'MessageAttributeNames',
    ]);
    const { MaxNumberOfMessages = 1, VisibilityTimeout } = input;
    const queue = this.queue(input.QueueUrl);
    if (!isWithin(MaxNumberOfMessages - 1, MAX_BATCH - 1)) {
      throw invalidParameter(
        `Value ${MaxNumberOfMessages} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.`,
      );
    }
    if (VisibilityTimeout !== undefined) refuseVisibility(VisibilityTimeout);
    const messages = queue.receive(MaxNumberOfMessages, VisibilityTimeout);
    return messages.length > 0 ? { Messages: messages.map((message) => received(message, input)) } : {};
  }

  #getQueueAttributes(input: GetQueueAttributesCommandInput) {
    refuseOthers('GetQueueAttributes', input, ['QueueUrl', 'AttributeNames']);
    return { Attributes: attributesOf(this.queue(input.QueueUrl), input.AttributeNames ?? []) };
  }

  #deleteMessage(input: DeleteMessageCommandInput) {
    refuseOthers('DeleteMessage', input, ['QueueUrl', 'ReceiptHandle']);
    this.queue(input.QueueUrl).delete(given(input.ReceiptHandle, 'ReceiptHandle'));
    return {};
  }

  #deleteMessageBatch(input: DeleteMessageBatchCommandInput) {
    refuseOthers('DeleteMessageBatch', input, ['QueueUrl', 'Entries']);
    const queue = this.queue(input.QueueUrl);
    return eachEntry(checkedEntries(input.Entries), ({ ReceiptHandle }) => {
      queue.delete(given(ReceiptHandle, 'ReceiptHandle'));
      return {};
    });
  }

  #changeVisibility(input: ChangeMessageVisibilityCommandInput) {
    refuseOthers('ChangeMessageVisibility', input, ['QueueUrl', 'ReceiptHandle', 'VisibilityTimeout']);
    const seconds = refuseVisibility(input.VisibilityTimeout);
    this.queue(input.QueueUrl).changeVisibility(given(input.ReceiptHandle, 'ReceiptHandle'), seconds);
    return {};
  }

  #changeVisibilityBatch(input: ChangeMessageVisibilityBatchCommandInput) {
    refuseOthers('ChangeMessageVisibilityBatch', input, ['QueueUrl', 'Entries']);
    const queue = this.queue(input.QueueUrl);
    return eachEntry(checkedEntries(input.Entries), ({ ReceiptHandle, VisibilityTimeout }) => {
      queue.changeVisibility(given(ReceiptHandle, 'ReceiptHandle'), refuseVisibility(VisibilityTimeout));
      return {};
    });
  }
}

function refuseVisibility(seconds: number | undefined): number {
  if (seconds !== undefined && isWithin(seconds, MAX_VISIBILITY_SECONDS)) return seconds;
  throw invalidParameter(
    `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and ${MAX_VISIBILITY_SECONDS}.`,
  );
}

function given(value: string | undefined, name: string): string {
  if (!value) throw missingParameter(name);
  return value;
}

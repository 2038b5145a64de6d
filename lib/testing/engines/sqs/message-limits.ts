import type { MessageAttributeValue, SendMessageCommandInput } from '@aws-sdk/client-sqs';
import { invalidMessageContents, invalidParameter, missingParameter, notOfThisQueueType } from './exceptions.ts';
import type { Queue } from './queue.ts';

/** @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
export const MAX_BYTES = 1024 * 1024;
const MAX_ATTRIBUTES = 10;
const MAX_DELAY_SECONDS = 900;
/** Letters, digits and punctuation of ASCII. */
const FIFO_ID = /^[!-~]{1,128}$/;
const ATTRIBUTE_NAME = /^(?!AWS\.|Amazon\.)[\w.-]{1,256}$/i;

/**
 * Characters that a body and a String attribute may hold: #x9 | #xA | #xD | #x20–#xD7FF | #xE000–#xFFFD | #x10000–#x10FFFF.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
const REFUSED = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

export type NewMessage = Pick<
  SendMessageCommandInput,
  | 'MessageBody'
  | 'DelaySeconds'
  | 'MessageAttributes'
  | 'MessageSystemAttributes'
  | 'MessageGroupId'
  | 'MessageDeduplicationId'
>;

/** Refuses a message as SQS does. */
export function refuseInvalid(message: NewMessage, queue: Pick<Queue, 'isFifo' | 'options'>): void {
  const { MessageBody, DelaySeconds, MessageAttributes = {} } = message;
  refuseFifo(message, queue);
  if (!MessageBody) throw missingParameter('MessageBody');
  if (REFUSED.test(MessageBody)) throw invalidMessageContents();
  const attributes = Object.entries(MessageAttributes);
  if (attributes.length > MAX_ATTRIBUTES) {
    throw invalidParameter(`Number of message attributes [${attributes.length}] exceeds the allowed maximum [10].`);
  }
  for (const [name, value] of attributes) refuseAttribute(name, value);
  if (messageBytes({ MessageBody, MessageAttributes }) > MAX_BYTES) {
    throw invalidParameter(
      `One or more parameters are invalid. Reason: Message must be shorter than ${MAX_BYTES} bytes.`,
    );
  }
  if (DelaySeconds !== undefined && !isWithin(DelaySeconds, MAX_DELAY_SECONDS)) {
    throw invalidParameter(
      `Value ${DelaySeconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.`,
    );
  }
}

/** The bytes that SQS counts: the body, and each attribute's name, type and value. */
export function messageBytes({ MessageBody = '', MessageAttributes = {} }: Partial<NewMessage>): number {
  return Object.entries(MessageAttributes).reduce(
    (sum, [name, { DataType = '', StringValue = '', BinaryValue }]) =>
      sum + Buffer.byteLength(name + DataType + StringValue) + (BinaryValue?.byteLength ?? 0),
    Buffer.byteLength(MessageBody),
  );
}

/** Whether it is a whole number from 0 to the limit. */
export function isWithin(value: number, limit: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= limit;
}

/**
 * A standard queue takes a group, too: it is fair to the groups.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
function refuseFifo(message: NewMessage, { isFifo, options }: Pick<Queue, 'isFifo' | 'options'>): void {
  const { DelaySeconds, MessageGroupId, MessageDeduplicationId } = message;
  for (const [name, id] of Object.entries({ MessageGroupId, MessageDeduplicationId })) {
    if (id !== undefined && !FIFO_ID.test(id)) {
      throw invalidParameter(
        `Value ${id} for parameter ${name} is invalid. Reason: ${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
      );
    }
  }
  if (!isFifo) {
    if (MessageDeduplicationId === undefined) return;
    throw notOfThisQueueType('MessageDeduplicationId', MessageDeduplicationId);
  }
  if (DelaySeconds !== undefined) throw notOfThisQueueType('DelaySeconds', DelaySeconds);
  if (MessageGroupId === undefined) throw missingParameter('MessageGroupId');
  if (MessageDeduplicationId === undefined && !options.contentBasedDeduplication) {
    throw invalidParameter(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  }
}

function refuseAttribute(name: string, { DataType, StringValue, BinaryValue }: MessageAttributeValue): void {
  if (!ATTRIBUTE_NAME.test(name)) throw invalidParameter(`The message attribute name '${name}' is invalid.`);
  const [kind = ''] = (DataType ?? '').split('.');
  if (!['String', 'Number', 'Binary'].includes(kind)) {
    throw invalidParameter(`The message attribute '${name}' has an invalid message attribute type.`);
  }
  if (kind === 'Binary' ? !BinaryValue?.byteLength : !StringValue) {
    throw invalidParameter(`The message attribute '${name}' must contain a non-empty value of type ${kind}.`);
  }
  if (StringValue && REFUSED.test(StringValue)) throw invalidMessageContents();
}

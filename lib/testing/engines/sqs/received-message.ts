import { hash } from 'node:crypto';
import type { Message, ReceiveMessageCommandInput } from '@aws-sdk/client-sqs';
import type { StoredMessage } from './stored-message.ts';

/** The message as a request receives it: with the attributes that it asks for. */
export function received(message: StoredMessage, input: ReceiveMessageCommandInput): Message {
  const wantedSystem = [...(input.MessageSystemAttributeNames ?? []), ...(input.AttributeNames ?? [])] as string[];
  const system = Object.entries(systemAttributes(message)).filter(
    ([name]) => wantedSystem.includes('All') || wantedSystem.includes(name),
  );
  const wanted = input.MessageAttributeNames ?? [];
  const attributes = Object.entries(message.attributes).filter(
    ([name]) => wanted.includes('All') || wanted.includes('.*') || wanted.includes(name),
  );
  return {
    MessageId: message.id,
    ReceiptHandle: message.receiptHandle,
    Body: message.body,
    MD5OfBody: hash('md5', message.body),
    ...(system.length > 0 && { Attributes: Object.fromEntries(system) }),
    ...(attributes.length > 0 && { MessageAttributes: structuredClone(Object.fromEntries(attributes)) }),
  };
}

/** The attributes that SQS itself gives a message. */
function systemAttributes(message: Readonly<StoredMessage>) {
  return {
    ApproximateReceiveCount: String(message.receives),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt ?? message.sentAt),
    SentTimestamp: String(message.sentAt),
    SenderId: 'AIDAIENQZJOLO23YVJ4VO',
    ...(message.traceHeader && { AWSTraceHeader: message.traceHeader }),
    ...(message.groupId !== undefined && { MessageGroupId: message.groupId }),
    ...(message.deduplicationId !== undefined && { MessageDeduplicationId: message.deduplicationId }),
    ...(message.sequenceNumber !== undefined && { SequenceNumber: message.sequenceNumber }),
  };
}

import { hash } from 'node:crypto';
import type { Message } from '@aws-sdk/client-sqs';
import type { SQSMessageAttributes, SQSRecord, SQSRecordAttributes } from 'aws-lambda';

/** A message as Lambda hands it to a function. @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
export function queueRecord(queue: { readonly name: string; readonly region: string }, message: Message): SQSRecord {
  const { Body = '', MessageId = '', ReceiptHandle = '', Attributes = {}, MessageAttributes = {} } = message;
  const attributes = Object.entries(MessageAttributes).map(([name, value]) => [
    name,
    {
      dataType: value.DataType ?? 'String',
      ...(value.StringValue !== undefined && { stringValue: value.StringValue }),
      ...(value.BinaryValue && { binaryValue: Buffer.from(value.BinaryValue).toString('base64') }),
      stringListValues: [],
      binaryListValues: [],
    },
  ]);
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    // All were asked for.
    attributes: Attributes as Partial<SQSRecordAttributes> as SQSRecordAttributes,
    messageAttributes: Object.fromEntries(attributes) as SQSMessageAttributes,
    md5OfBody: message.MD5OfBody ?? hash('md5', Body),
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:${queue.region}:000000000000:${queue.name}`,
    awsRegion: queue.region,
  };
}

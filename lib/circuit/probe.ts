import { InvokeCommand } from '@aws-sdk/client-lambda';
import { DeleteMessageCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { errorCode } from '../aws/errors.ts';
import type { ControlClients, EventSources } from './event-sources.ts';
import { PROBE } from './probe-event.ts';

/** What came of a probe: `empty` where no message was there, `nothing` where no handler ran. */
export type Probed = 'good' | 'failed' | 'nothing' | 'empty';

/**
 * Has the subscriber's function handle one message of its queue, past the event source, and deletes the message where it has
 * ended. A function that throws or does not answer in time has failed.
 */
export async function probe(clients: ControlClients, queueUrl: string, sources: EventSources): Promise<Probed> {
  const { environment } = clients;
  const { Messages: [message] = [] } = await environment.sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: 1,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    }),
  );
  if (!message) return 'empty';
  const answer = await invoke(clients, sources, recordOf(message, sources.queueArn));
  if (!answer) return 'failed';
  const { batchItemFailures = [], probe: came } = answer;
  if (batchItemFailures.length === 0) {
    const { ReceiptHandle } = message;
    await environment.sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }));
  }
  if (came?.tripped) return 'failed';
  return came?.ran ? 'good' : 'nothing';
}

interface Answer {
  readonly batchItemFailures?: readonly object[];
  readonly probe?: { readonly ran: boolean; readonly tripped: boolean };
}

/** What the function answers; `undefined` where it fails. */
async function invoke(
  { environment, lambda }: ControlClients,
  { functionArn }: EventSources,
  record: SQSRecord,
): Promise<Answer | undefined> {
  const Payload = JSON.stringify({ Records: [record], [PROBE]: true });
  try {
    const { FunctionError, Payload: bytes } = await lambda.send(
      new InvokeCommand({ FunctionName: functionArn, InvocationType: 'RequestResponse', Payload }),
    );
    if (FunctionError || !bytes) return undefined;
    return (JSON.parse(Buffer.from(bytes).toString()) ?? undefined) as Answer | undefined;
  } catch (error) {
    environment.log.warn('probe not answered', { error: errorCode(error) });
    return undefined;
  }
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
function recordOf(message: Message, queueArn: string): SQSRecord {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(([name, { DataType, StringValue }]) => [
    name,
    { dataType: DataType, stringValue: StringValue },
  ]);
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes: message.Attributes as SQSRecord['attributes'],
    messageAttributes: Object.fromEntries(attributes) as SQSRecord['messageAttributes'],
    md5OfBody: message.MD5OfBody ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: queueArn.split(':')[3] ?? '',
  };
}

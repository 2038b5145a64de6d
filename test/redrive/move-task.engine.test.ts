import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ATTRIBUTES, fromQueue, textOf } from '../../lib/aws/record.ts';
import { REGION } from '../../lib/local/endpoint.ts';
import { type StartedServer, startServer } from '../../lib/local/server.ts';
import { DUMMY_CREDENTIALS } from '../conformance/clients.ts';
import { ELASTICMQ } from '../conformance/engines/elasticmq.ts';

let server: StartedServer;
let sqs: SQSClient;

beforeAll(async () => {
  server = await startServer(ELASTICMQ);
  const { endpoint } = server.state;
  sqs = new SQSClient({ endpoint, region: REGION, credentials: DUMMY_CREDENTIALS });
}, 240_000);

afterAll(async () => {
  sqs?.destroy();
  await server?.stop();
});

interface Queue {
  readonly url: string;
  readonly arn: string;
}

async function createQueue(name: string, lastStop?: Queue): Promise<Queue> {
  const policy = lastStop && { deadLetterTargetArn: lastStop.arn, maxReceiveCount: 1_000 };
  const Attributes = policy && { RedrivePolicy: JSON.stringify(policy) };
  const { QueueUrl: url = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  const reply = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }));
  return { url, arn: reply.Attributes?.QueueArn ?? '' };
}

/** A letter as the run time sends it. */
async function sendLetter({ url }: Queue): Promise<void> {
  const values = {
    [ATTRIBUTES.reason]: 'rejected',
    [ATTRIBUTES.detail]: 'no',
    [ATTRIBUTES.subscriber]: 'book',
    [ATTRIBUTES.encoding]: 'text',
  };
  const MessageAttributes = Object.fromEntries(
    Object.entries(values).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  );
  await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: '{"id":"1"}', MessageAttributes }));
}

// AWS moves only out of a queue that is another one's dead-letter queue; ElasticMQ moves out of any.
test('the redrive of SQS itself moves letters into the subscriber’s queue, where the run time takes them for redriven', async () => {
  const deadLetters = await createQueue('book-dead');
  const backstop = await createQueue('book-backstop', deadLetters);
  const queue = await createQueue('book', backstop);
  await sendLetter(deadLetters);
  await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: deadLetters.arn, DestinationArn: queue.arn }));

  const { Messages: [message] = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queue.url,
      WaitTimeSeconds: 10,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }),
  );
  const attributes = Object.entries(message?.MessageAttributes ?? {});
  const record = fromQueue({
    messageId: message?.MessageId,
    body: message?.Body,
    receiptHandle: message?.ReceiptHandle,
    attributes: message?.Attributes,
    messageAttributes: Object.fromEntries(
      attributes.map(([name, { DataType, StringValue }]) => [name, { dataType: DataType, stringValue: StringValue }]),
    ),
  } as unknown as SQSRecord);
  expect(record.redriven).toBe(true);
  expect(textOf(record)).toBe('{"id":"1"}');
  expect(record.redrive).toBeUndefined();
});

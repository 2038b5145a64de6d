import { CreateQueueCommand, DeleteQueueCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { Physical, ResourceRequest } from './physical.ts';

/** The properties that are attributes of a queue. Encryption is left to the engine. */
const ATTRIBUTES = [
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'DelaySeconds',
  'FifoQueue',
  'FifoThroughputLimit',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'RedriveAllowPolicy',
  'RedrivePolicy',
  'VisibilityTimeout',
];

/** Its name may have 80 characters, and ends in `.fifo` where it keeps order. */
const LONGEST_NAME = 80;

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html */
export async function makeQueue({ name, properties, clients }: ResourceRequest): Promise<Physical> {
  const suffix = properties.FifoQueue === true || properties.FifoQueue === 'true' ? '.fifo' : '';
  const attributes = ATTRIBUTES.flatMap((attribute) => {
    const value = properties[attribute];
    if (value === undefined) return [];
    return [[attribute, typeof value === 'object' ? JSON.stringify(value) : String(value)] as const];
  });
  const QueueName = String(properties.QueueName ?? name.slice(suffix.length - LONGEST_NAME) + suffix);
  const { QueueUrl = '' } = await clients.sqs.send(
    new CreateQueueCommand({ QueueName, Attributes: Object.fromEntries(attributes) }),
  );
  const { Attributes } = await clients.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  return {
    ref: QueueUrl,
    attributes: { Arn: Attributes?.QueueArn, QueueName, QueueUrl },
    destroy: async () => {
      await clients.sqs.send(new DeleteQueueCommand({ QueueUrl }));
    },
  };
}

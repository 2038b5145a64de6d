import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { Environment } from '../aws/environment.ts';
import type { Reading } from './decide.ts';

/**
 * How much waits in a queue now, and how much of it is being handled, as far as SQS counts it.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
 */
export async function readQueue(environment: Environment, queueUrl: string): Promise<Reading> {
  const { Attributes = {} } = await environment.sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return {
    at: environment.now(),
    waiting: Number(Attributes.ApproximateNumberOfMessages ?? 0),
    inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
  };
}

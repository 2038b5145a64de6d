import { Duration } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';

/**
 * How long a queue keeps what nothing ends, at most. What SQS moves to a dead-letter queue keeps the time of its first
 * sending: the difference is what is left for it there.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
 */
export const LONGEST_RETENTION = Duration.days(4);
export const DEAD_LETTER_RETENTION = Duration.days(14);

const VISIBILITY_TIMEOUTS = 6;
const SHORTEST_VISIBILITY = 30;

/**
 * For how long a queue hides a message from others than the function that has it. Lambda asks for six times the function's
 * timeout, and the batching window, so that no message returns while it is still being handled.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
export function visibilityFor(timeout: Duration, window: Duration = Duration.seconds(0)): Duration {
  const seconds = VISIBILITY_TIMEOUTS * timeout.toSeconds() + window.toSeconds();
  return Duration.seconds(Math.max(SHORTEST_VISIBILITY, seconds));
}

/** Of a function that does not say. */
const LAMBDA_TIMEOUT = Duration.seconds(3);

/** How long an invocation of the function takes at most. */
export function timeoutOf(handler: lambda.Function): Duration {
  return handler.timeout ?? LAMBDA_TIMEOUT;
}

import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { InvalidConstruct } from '../invalid-construct.ts';

/**
 * The actions that an event source needs on its queue.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
 */
export const CONSUME = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'] as const;

export const SEND = ['sqs:SendMessage'] as const;

/** The actions that an event source needs on its stream. */
export const READ_STREAM = [
  'kinesis:DescribeStream',
  'kinesis:DescribeStreamSummary',
  'kinesis:GetRecords',
  'kinesis:GetShardIterator',
  'kinesis:ListShards',
  'kinesis:ListStreams',
] as const;

/**
 * Allows exactly these actions on exactly this resource, in the grantee's own policy.
 *
 * @throws Error when the grantee cannot be granted anything, instead of leaving the permission out silently
 */
export function allow(grantee: iam.IGrantable, actions: readonly string[], resourceArn: string): iam.Grant {
  const grant = iam.Grant.addToPrincipal({ grantee, actions: [...actions], resourceArns: [resourceArn] });
  grant.assertSuccess();
  return grant;
}

/** @throws InvalidConstruct when the function has no role to grant anything to */
export function roleOf(handler: lambda.Function): iam.IRole {
  if (handler.role) return handler.role;
  throw new InvalidConstruct(handler, 'This function has no role: create it in this app, with `role` or without');
}

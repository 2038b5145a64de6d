import { Annotations, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct, type IConstruct } from 'constructs';
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

/** By operator, then by key. */
type Conditions = Readonly<Record<string, Record<string, unknown>>>;

/**
 * Allows exactly these actions on exactly this resource, in the grantee's own policy. A role that cannot change takes no
 * policy, though the CDK says that it did: there is a warning instead, which names what it must allow.
 *
 * @throws Error when the grantee cannot be granted anything, instead of leaving the permission out silently
 */
export function allow(
  grantee: iam.IGrantable,
  actions: readonly string[],
  resourceArn: string,
  conditions?: Conditions,
): iam.Grant {
  const grant = iam.Grant.addToPrincipal({ grantee, actions: [...actions], resourceArns: [resourceArn], conditions });
  grant.assertSuccess();
  warnIfImmutable(grantee.grantPrincipal, actions, resourceArn, conditions);
  return grant;
}

/**
 * @see https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_iam.Role.html
 */
function warnIfImmutable(
  role: iam.IPrincipal,
  actions: readonly string[],
  resourceArn: string,
  conditions: Conditions | undefined,
): void {
  const { PROPERTY_INJECTION_ID: kind } = role.constructor as { readonly PROPERTY_INJECTION_ID?: string };
  if (kind !== 'aws-cdk-lib.aws-iam.ImmutableRole' || !isConstruct(role)) return;
  const resource = Token.isUnresolved(resourceArn) ? Stack.of(role).resolve(resourceArn) : resourceArn;
  Annotations.of(role).addWarningV2(
    'waybill:immutable-role',
    `This role cannot change: it must already allow ${actions.join(', ')} on ${JSON.stringify(resource)}${conditions ? `, on the condition ${JSON.stringify(conditions)}` : ''}. Give a role that can change, or see to it`,
  );
}

function isConstruct(value: object): value is IConstruct {
  return Construct.isConstruct(value);
}

/** @throws InvalidConstruct when the function has no role to grant anything to */
export function roleOf(handler: lambda.Function): iam.IRole {
  if (handler.role) return handler.role;
  throw new InvalidConstruct(handler, 'This function has no role: create it in this app, with `role` or without');
}

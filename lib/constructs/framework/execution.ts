import { RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { allowLogs } from '../aws/encryption.ts';

export interface LogOptions {
  /** How long the log is kept. @default ONE_MONTH */
  readonly logRetention?: logs.RetentionDays;
  /** What happens to the log when the stack is deleted. @default RETAIN */
  readonly logRemovalPolicy?: RemovalPolicy;
}

export interface ExecutionOptions extends LogOptions {
  /** Encrypts the log. @default CloudWatch Logs' own key */
  readonly encryptionKey?: kms.IKey;
  /** @default CloudFormation chooses it */
  readonly roleName?: string;
  /** @default a role of the function's own */
  readonly role?: iam.IRole;
}

/** The role that a function runs as, and the log that it writes. */
export interface Execution {
  readonly role: iam.IRole;
  readonly logGroup: logs.LogGroup;
}

/**
 * Creates, below a construct, a role without managed policies, which may do what it is granted and nothing else, and
 * a log group whose entries expire.
 */
export function createExecution(scope: Construct, options: ExecutionOptions): Execution {
  const { encryptionKey, logRetention, logRemovalPolicy, roleName } = options;
  if (encryptionKey) allowLogs(encryptionKey);
  const logGroup = new logs.LogGroup(scope, 'Logs', {
    retention: logRetention ?? logs.RetentionDays.ONE_MONTH,
    removalPolicy: logRemovalPolicy ?? RemovalPolicy.RETAIN,
    encryptionKey,
  });
  const assumedBy = new iam.ServicePrincipal('lambda.amazonaws.com');
  const role = options.role ?? new iam.Role(scope, 'Role', { roleName, assumedBy });
  logGroup.grantWrite(role);
  return { role, logGroup };
}

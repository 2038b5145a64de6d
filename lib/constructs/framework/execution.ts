import { RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { allowLogs } from '../aws/encryption.ts';

export interface ExecutionProps {
  /** @default ONE_MONTH */
  readonly logRetention?: logs.RetentionDays;
  /** What happens to the log when the stack is deleted. @default RETAIN */
  readonly logRemovalPolicy?: RemovalPolicy;
  /** Encrypts the log. @default CloudWatch Logs' own key */
  readonly encryptionKey?: kms.IKey;
  /** @default CloudFormation chooses it */
  readonly roleName?: string;
  /** @default a role of this function's own */
  readonly role?: iam.IRole;
}

/**
 * What a function runs as and writes to: a role without managed policies, so that it may do what it is granted and
 * nothing else, and a log group whose entries expire.
 */
export class Execution extends Construct {
  readonly role: iam.IRole;
  readonly logGroup: logs.LogGroup;

  constructor(scope: Construct, id: string, props: ExecutionProps = {}) {
    super(scope, id);
    if (props.encryptionKey) allowLogs(props.encryptionKey);
    this.logGroup = new logs.LogGroup(this, 'Logs', {
      retention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
      removalPolicy: props.logRemovalPolicy ?? RemovalPolicy.RETAIN,
      encryptionKey: props.encryptionKey,
    });
    this.role =
      props.role ??
      new iam.Role(this, 'Role', {
        roleName: props.roleName,
        assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      });
    this.logGroup.grantWrite(this.role);
  }
}

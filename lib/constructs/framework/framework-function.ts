import type { Duration } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { BINDINGS } from '../../contract/bindings.ts';
import { grantKeyUse } from '../aws/encryption.ts';
import { allow } from '../aws/grants.ts';
import { allowRows, type RowGrant } from '../aws/ledger-rows.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { createExecution, type LogOptions } from './execution.ts';
import { functionAsset } from './function-assets.ts';

/** The parts of a ledger that are there before its functions are. */
export type LedgerParts = Pick<
  ILedger,
  'table' | 'shards' | 'maxShards' | 'encryptionKey' | 'signingSecret' | 'forwardQueue' | 'quarantineBucket'
>;

export interface FrameworkFunctionProps extends LogOptions {
  readonly ledger: LedgerParts;
  /** The prebuilt bundle, e.g. `relay`. */
  readonly asset: string;
  readonly description: string;
  /** Variables beside those that name the ledger. @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /** The function's permissions, beside the use of the ledger's key: actions, and the resource's ARN. */
  readonly allows: readonly (readonly [actions: readonly string[], resourceArn: string])[];
  /** The ledger's rows that it reads and writes. */
  readonly rows: readonly RowGrant[];
  readonly timeout: Duration;
  /** MiB. */
  readonly memorySize: number;
  /** @default CloudFormation chooses it */
  readonly functionName?: string;
  /** @default CloudFormation chooses it */
  readonly roleName?: string;
  /** @default a role of the function's own */
  readonly role?: iam.IRole;
  /** @default none are reserved */
  readonly reservedConcurrentExecutions?: number;
}

/**
 * A function of Waybill's own, which works on one ledger. Its code ships prebuilt, with the AWS SDK that it was tested
 * with.
 */
export class FrameworkFunction extends Construct {
  readonly function: lambda.Function;
  readonly role: iam.IRole;

  constructor(scope: Construct, id: string, props: FrameworkFunctionProps) {
    super(scope, id);
    const { functionName, description, memorySize, timeout, reservedConcurrentExecutions } = props;
    const { table, shards, encryptionKey } = props.ledger;
    const { role, logGroup } = createExecution(this, { ...props, encryptionKey });
    this.role = role;
    this.function = new lambda.Function(this, 'Function', {
      functionName,
      description,
      code: lambda.Code.fromAsset(functionAsset(props.asset)),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      memorySize,
      timeout,
      reservedConcurrentExecutions,
      environment: { [BINDINGS.ledger]: table.tableName, [BINDINGS.shards]: String(shards), ...props.environment },
      environmentEncryption: encryptionKey,
      role,
      logGroup,
    });
    for (const [actions, resourceArn] of props.allows) allow(role, actions, resourceArn);
    for (const grant of props.rows) allowRows(role, table, grant);
    grantKeyUse(encryptionKey, role);
  }
}

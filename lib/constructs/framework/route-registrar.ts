import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { BINDINGS } from '../../contract/bindings.ts';
import { grantKeyUse } from '../aws/encryption.ts';
import { allow } from '../aws/grants.ts';
import { FrameworkFunction } from './framework-function.ts';

export interface RouteRegistrarProps {
  readonly table: TableV2;
  readonly shards: number;
  readonly functionName?: string;
  readonly encryptionKey?: kms.IKey;
  readonly logRetention?: logs.RetentionDays;
  readonly logRemovalPolicy: RemovalPolicy;
}

/** The function behind the custom resources by which subscribers write their routes into the ledger. */
export class RouteRegistrar extends FrameworkFunction {
  constructor(scope: Construct, id: string, props: RouteRegistrarProps) {
    super(scope, id, {
      ...props,
      asset: 'register-routes',
      description: 'Waybill: writes who expects which event types',
      environment: { [BINDINGS.ledger]: props.table.tableName, [BINDINGS.shards]: String(props.shards) },
      timeout: Duration.seconds(60),
      memorySize: 256,
    });
    allow(this.role, ['dynamodb:Query', 'dynamodb:PutItem'], props.table.tableArn);
    grantKeyUse(props.encryptionKey, this.role);
  }
}

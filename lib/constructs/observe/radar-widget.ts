import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { BINDINGS } from '../../contract/bindings.ts';
import { grantKeyUse } from '../aws/encryption.ts';
import { allow } from '../aws/grants.ts';
import { FrameworkFunction } from '../framework/framework-function.ts';
import type { ILedger } from '../ledger/ledger.ts';

/**
 * The function behind the radar on a dashboard. It reads the ledger and nothing else. CloudWatch invokes it with the
 * permissions of whoever looks at the dashboard.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/add_custom_widget_dashboard_create.html
 */
export class RadarWidget extends FrameworkFunction {
  constructor(scope: Construct, id: string, { table, shards, encryptionKey }: ILedger) {
    super(scope, id, {
      asset: 'radar-widget',
      description: 'Waybill: draws the radar on a dashboard',
      environment: { [BINDINGS.ledger]: table.tableName, [BINDINGS.shards]: String(shards) },
      timeout: Duration.seconds(30),
      memorySize: 512,
      encryptionKey,
      // What it logs says how often somebody looked.
      logRemovalPolicy: RemovalPolicy.DESTROY,
    });
    allow(this.role, ['dynamodb:Query'], table.tableArn);
    grantKeyUse(encryptionKey, this.role);
  }
}

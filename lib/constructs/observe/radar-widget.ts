import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { FrameworkFunction, type LedgerParts } from '../framework/framework-function.ts';

/**
 * The function behind the radar on a dashboard, which reads the ledger and nothing else. CloudWatch invokes it with the
 * permissions of whoever looks at the dashboard.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/add_custom_widget_dashboard_create.html
 */
export class RadarWidget extends FrameworkFunction {
  constructor(scope: Construct, id: string, ledger: LedgerParts) {
    super(scope, id, {
      ledger,
      asset: 'radar-widget',
      description: 'Waybill: draws the radar on a dashboard',
      allows: [[['dynamodb:Query'], ledger.table.tableArn]],
      rows: [],
      timeout: Duration.seconds(30),
      memorySize: 512,
      // The log says no more than how often somebody looked.
      logRemovalPolicy: RemovalPolicy.DESTROY,
    });
  }
}

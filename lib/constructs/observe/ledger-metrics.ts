import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { METRICS } from '../../contract/metrics.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';

/**
 * A metric that the ledger's reconciler puts once a minute. @default maximum over 5 minutes
 *
 * @param metricName of `METRICS`
 */
export function ledgerMetric(ledger: ILedger, metricName: string, options: cloudwatch.MetricOptions = {}) {
  const dimensionsMap = { [METRICS.ledger]: ledger.table.tableName };
  const { namespace } = METRICS;
  return new cloudwatch.Metric({ namespace, metricName, dimensionsMap, statistic: 'Maximum', ...options });
}

/** A metric that the functions of a ledger count. @default sum over 5 minutes */
export function countedMetric(ledger: ILedger, metricName: string, options: cloudwatch.MetricOptions = {}) {
  const dimensionsMap = { service: METRICS.service, [METRICS.ledger]: ledger.table.tableName };
  return ledgerMetric(ledger, metricName, { dimensionsMap, statistic: 'Sum', ...options });
}

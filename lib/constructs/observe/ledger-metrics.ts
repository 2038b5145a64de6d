import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { METRICS } from '../../contract/metrics.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';

/**
 * A metric that the ledger's reconciler puts once a minute.
 *
 * @param name of `METRICS`
 */
export function ledgerMetric(ledger: ILedger, name: string, options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: METRICS.namespace,
    metricName: name,
    dimensionsMap: { [METRICS.ledger]: ledger.table.tableName },
    statistic: cloudwatch.Stats.MAXIMUM,
    ...options,
  });
}

/** A metric that the functions of a ledger count. @default sum over 5 minutes */
export function countedMetric(
  ledger: ILedger,
  name: string,
  options: cloudwatch.MetricOptions = {},
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: METRICS.namespace,
    metricName: name,
    dimensionsMap: { service: METRICS.service, [METRICS.ledger]: ledger.table.tableName },
    statistic: cloudwatch.Stats.SUM,
    ...options,
  });
}

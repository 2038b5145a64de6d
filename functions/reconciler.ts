import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { METRICS } from '../lib/contract/metrics.ts';
import { eventSourcesOf } from '../lib/inspect/list-event-sources.ts';
import { createReconciler } from '../lib/reconcile/reconciler.ts';

const cloudwatch = new CloudWatchClient();

export const handler = createReconciler({
  listEventSources: eventSourcesOf(new LambdaClient()),
  putMetrics: async (ledger, metrics) => {
    const MetricData = metrics.map(({ name, value, unit }) => ({
      MetricName: name,
      Value: value,
      Unit: unit,
      Dimensions: [{ Name: METRICS.ledger, Value: ledger }],
    }));
    await cloudwatch.send(new PutMetricDataCommand({ Namespace: METRICS.namespace, MetricData }));
  },
});

import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { powertoolsHandlers } from '../handler/powertools.ts';

const logger = new Logger({ serviceName: 'payments' });
const metrics = new Metrics({ namespace: 'Shop', serviceName: 'payments' });
const library = powertoolsHandlers({
  dynamodb: new DynamoDBClient(),
  sqs: new SQSClient({ md5: false, useQueueUrlAsEndpoint: false }),
  calls: () => 0,
});

/** The function of a careful engineer: batch, parser and idempotency, one log line and its metrics. */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  const answer = await library.handlers['a payment'](event);
  const failed = answer.batchItemFailures.length;
  metrics.addMetric('handled', MetricUnit.Count, event.Records.length - failed);
  metrics.publishStoredMetrics();
  logger.info('batch', { records: event.Records.length, failed });
  return answer;
}

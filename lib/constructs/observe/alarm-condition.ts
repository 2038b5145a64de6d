import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as sqs from 'aws-cdk-lib/aws-sqs';

/** When an alarm rings, and what to do then: all of it but where it is announced. */
export type AlarmCondition = Omit<cloudwatch.AlarmProps, 'metric' | 'alarmName'> & {
  readonly metric: cloudwatch.Metric;
};

export const MINUTE = Duration.minutes(1);

/** The first letter in a dead-letter queue. */
export function deadLettersIn(queue: sqs.IQueue, alarmDescription: string): AlarmCondition {
  return {
    metric: queue.metricApproximateNumberOfMessagesVisible({ statistic: cloudwatch.Stats.MAXIMUM, period: MINUTE }),
    threshold: 0,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: 1,
    // SQS falls silent about a queue that nobody uses for 6 hours, whatever is in it.
    treatMissingData: cloudwatch.TreatMissingData.IGNORE,
    alarmDescription,
  };
}

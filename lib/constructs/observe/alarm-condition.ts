import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as sqs from 'aws-cdk-lib/aws-sqs';

/** When an alarm rings, and what to do then: everything but where the alarm is announced. */
export type AlarmCondition = Partial<Omit<cloudwatch.AlarmProps, 'alarmName'>> & {
  readonly metric: cloudwatch.Metric;
  readonly alarmDescription: string;
};

/** The conditions of several alarms, by the alarms' ids. */
export type AlarmConditions = Readonly<Record<string, AlarmCondition>>;

export const MINUTE = Duration.minutes(1);

const { GREATER_THAN_THRESHOLD, LESS_THAN_THRESHOLD } = cloudwatch.ComparisonOperator;
const { BREACHING, IGNORE } = cloudwatch.TreatMissingData;

/** A condition that says nothing else rings at the first minute above 0. */
export const ABOVE_ZERO = {
  threshold: 0,
  comparisonOperator: GREATER_THAN_THRESHOLD,
  evaluationPeriods: 1,
  // The last known value stands: where the reconciler is silent, another alarm says so. And SQS falls silent about a queue
  // that nobody uses for 6 hours, whatever is in the queue.
  treatMissingData: IGNORE,
} as const;

/** Rings when nothing has been counted for 5 minutes. */
export const SILENT = {
  threshold: 1,
  comparisonOperator: LESS_THAN_THRESHOLD,
  evaluationPeriods: 5,
  treatMissingData: BREACHING,
} as const;

/** The first letter in a dead-letter queue. */
export function deadLettersIn(queue: sqs.IQueue, alarmDescription: string): AlarmCondition {
  const metric = queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', period: MINUTE });
  return { metric, alarmDescription };
}

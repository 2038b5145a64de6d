/**
 * List prices in us-east-1, in dollars: the one file that knows them. Neither free tiers nor discounts are in them.
 *
 * @see https://aws.amazon.com/dynamodb/pricing/on-demand/
 * @see https://aws.amazon.com/sqs/pricing/
 * @see https://aws.amazon.com/lambda/pricing/
 * @see https://aws.amazon.com/kinesis/data-streams/pricing/
 * @see https://aws.amazon.com/eventbridge/pricing/
 * @see https://aws.amazon.com/sns/pricing/
 * @see https://aws.amazon.com/cloudwatch/pricing/
 */
export const LIST_PRICES = {
  /** On demand. */
  dynamodbWriteUnit: 0.625e-6,
  dynamodbReadUnit: 0.125e-6,
  /** Standard queues, of up to 64 KB each. */
  sqsRequest: 0.4e-6,
  lambdaRequest: 0.2e-6,
  /** On ARM. */
  lambdaGigabyteSecond: 0.0000133334,
  eventBridgeEvent: 1e-6,
  /** Deliveries to SQS cost nothing. */
  snsPublish: 0.5e-6,
  /** A stream on demand, whatever goes through it. */
  kinesisStreamHour: 0.04,
  kinesisShardHour: 0.015,
  schedulerInvocation: 1e-6,
  cloudwatchAlarmMonth: 0.1,
  cloudwatchMetricMonth: 0.3,
  cloudwatchPutMetricData: 10e-6,
  cloudwatchDashboardMonth: 3,
} as const;

/** As AWS reckons a month. */
export const HOURS_A_MONTH = 730;

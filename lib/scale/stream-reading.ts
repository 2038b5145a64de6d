import { type CloudWatchClient, GetMetricDataCommand, type MetricDataResult } from '@aws-sdk/client-cloudwatch';
import type { Sender } from '../aws/environment.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../contract/time.ts';
import type { Reading } from './decide.ts';

/** Whose reading of which stream. */
export interface StreamRead {
  readonly functionName: string;
  readonly streamName: string;
}

/** CloudWatch knows a minute some minutes after its end; where it knows of no invocation for so long, none has been. */
const KNOWN_MS = 10 * MINUTE_MS;

/**
 * How many records of a stream wait for a function: those that came within the age of the oldest of the batch that it was handed last.
 * Older ones than an hour are not counted. The moment of the reading is the end of the minute that CloudWatch knows last.
 *
 * @returns `undefined` where CloudWatch knows of no invocation lately, though records came
 * @see https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
 * @see https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
 */
export async function readStream(
  cloudwatch: Sender<CloudWatchClient>,
  { functionName, streamName }: StreamRead,
  now: number,
): Promise<Reading | undefined> {
  const { MetricDataResults = [] } = await cloudwatch.send(
    new GetMetricDataCommand({
      StartTime: new Date(now - HOUR_MS),
      EndTime: new Date(now),
      ScanBy: 'TimestampDescending',
      MetricDataQueries: [
        query('age', 'AWS/Lambda', 'IteratorAge', 'Maximum', { FunctionName: functionName }),
        query('came', 'AWS/Kinesis', 'IncomingRecords', 'Sum', { StreamName: streamName }),
      ],
    }),
  );
  const came = minutesOf(MetricDataResults, 'came');
  const [age] = minutesOf(MetricDataResults, 'age');
  if (!age || age.until < now - KNOWN_MS) {
    const isIdle = came.every(({ until, value }) => value === 0 || until < now - KNOWN_MS);
    return isIdle ? { at: now, waiting: 0, inFlight: 0 } : undefined;
  }
  const from = age.until - age.value;
  const waiting = came.reduce((sum, { until, value }) => {
    const share = (until - Math.max(from, until - MINUTE_MS)) / MINUTE_MS;
    return until > age.until ? sum : sum + value * Math.max(0, share);
  }, 0);
  return { at: age.until, waiting: Math.round(waiting), inFlight: 0 };
}

function query(Id: string, Namespace: string, MetricName: string, Stat: string, of: Readonly<Record<string, string>>) {
  const Dimensions = Object.entries(of).map(([Name, Value]) => ({ Name, Value }));
  return { Id, MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period: MINUTE_MS / SECOND_MS, Stat } };
}

/** What a metric came to in each minute, the newest first. */
function minutesOf(results: readonly MetricDataResult[], id: string) {
  const { Timestamps = [], Values = [] } = results.find(({ Id }) => Id === id) ?? {};
  return Timestamps.map((moment, index) => ({ until: moment.getTime() + MINUTE_MS, value: Values[index] ?? 0 }));
}

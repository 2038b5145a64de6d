import type { CloudWatchClient, GetMetricDataCommandInput, MetricStat } from '@aws-sdk/client-cloudwatch';
import { MINUTE_MS } from '../../contract/time.ts';
import { UnsupportedByEngine } from '../errors.ts';
import { Engine } from './engine.ts';
import { refuseOthers } from './refuse-others.ts';
import type { Operations } from './wire.ts';

/** A metric of one thing, which a dimension names. */
export interface MetricOf {
  readonly namespace: string;
  readonly name: string;
  readonly of: string;
}

/**
 * CloudWatch in memory, as far as metrics that services count themselves are read: GetMetricData by the minute, sums and maxima,
 * the newest minute first. It knows a minute once it has ended.
 */
export class CloudWatchEngine extends Engine<CloudWatchClient> {
  protected override readonly operations: Operations = { GetMetricData: (input) => this.#getMetricData(input) };
  /** What was counted, by metric and by minute. */
  readonly #counted = new Map<string, Map<number, number[]>>();

  /** Counts something at this moment. */
  count(metric: MetricOf, value: number): void {
    const minutes = this.#counted.get(keyOf(metric)) ?? new Map<number, number[]>();
    this.#counted.set(keyOf(metric), minutes);
    const minute = Math.floor(this.now() / MINUTE_MS);
    minutes.set(minute, [...(minutes.get(minute) ?? []), value]);
  }

  #getMetricData(input: GetMetricDataCommandInput) {
    refuseOthers('GetMetricData', input, ['StartTime', 'EndTime', 'ScanBy', 'MetricDataQueries']);
    const { StartTime, EndTime, ScanBy, MetricDataQueries = [] } = input;
    if (ScanBy !== 'TimestampDescending')
      throw new UnsupportedByEngine('CloudWatch in memory answers the newest first');
    const from = (StartTime?.getTime() ?? 0) / MINUTE_MS;
    const to = Math.min(EndTime?.getTime() ?? 0, this.now()) / MINUTE_MS;
    return {
      MetricDataResults: MetricDataQueries.map(({ Id, MetricStat }) => {
        const minutes = [...this.#minutesOf(MetricStat)].filter(([minute]) => minute >= from && minute + 1 <= to);
        const newest = minutes.sort(([one], [other]) => other - one);
        return {
          Id,
          Timestamps: newest.map(([minute]) => new Date(minute * MINUTE_MS)),
          Values: newest.map(([, values]) => statistic(values, MetricStat?.Stat)),
          StatusCode: 'Complete',
        };
      }),
    };
  }

  #minutesOf(stat: MetricStat | undefined): Iterable<[number, readonly number[]]> {
    const {
      Namespace: namespace = '',
      MetricName: name = '',
      Dimensions: [{ Value: of = '' } = {}] = [],
    } = stat?.Metric ?? {};
    if (stat?.Period !== 60) throw new UnsupportedByEngine(`CloudWatch in memory knows no period of ${stat?.Period} s`);
    return this.#counted.get(keyOf({ namespace, name, of })) ?? [];
  }
}

function keyOf({ namespace, name, of }: MetricOf): string {
  return `${namespace} ${name} ${of}`;
}

function statistic(values: readonly number[], stat: string | undefined): number {
  switch (stat) {
    case 'Sum':
      return values.reduce((sum, value) => sum + value, 0);
    case 'Maximum':
      return Math.max(...values);
    default:
      throw new UnsupportedByEngine(`CloudWatch in memory does not know the statistic ${stat}`);
  }
}

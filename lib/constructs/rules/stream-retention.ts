import { type EmittedResource, numberIn, pathOf } from './emitted.ts';
import type { EventSource } from './event-source.ts';
import type { Rule } from './rule.ts';

const HOUR = 3_600;

/** What a DynamoDB stream keeps, in seconds, and what Kinesis does by default. */
export const DAY = 24 * HOUR;

export const streamRetention: Rule = {
  id: 'stream-retention',
  refuses:
    'a stream that keeps its records no longer than an event source may take to give them up ' +
    '(`MaximumRecordAgeInSeconds`)',
  because: 'The stream would drop records that are still being retried before they get to the failure destination.',
  source: 'https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html',
  mend:
    "Set the event source's `maxRecordAge` below what the stream keeps, or have a Kinesis stream keep its records " +
    'for longer.',
  unknown:
    'how long a stream of another app keeps its records, where an event source may take longer than a day (a warning)',

  *check({ sources }) {
    for (const source of sources) {
      if (source.kind !== 'stream' && source.kind !== 'table') continue;
      const { mapping, origin, arn } = source;
      const age = recordAge(mapping);
      const kept = retentionOf(source);
      if (age !== undefined && age < DAY) continue;
      if (kept === undefined || age === undefined) {
        const stream = origin ? pathOf(origin.construct) : arn;
        const found = `Check '${stream}': nothing here tells whether it keeps its records until they are given up`;
        yield { at: mapping.construct, found, unknown: 'warn' };
      } else if (kept <= age) {
        const until = Number.isFinite(age) ? `after ${age} s` : 'never';
        const found = `The stream keeps a record for ${kept} s, and the event source gives it up ${until}`;
        yield { at: mapping.construct, found };
      }
    }
  },
};

/** Seconds after which an event source gives a record up: Infinity where it never does. */
export function recordAge({ properties }: EmittedResource): number | undefined {
  const age = numberIn(properties.MaximumRecordAgeInSeconds, -1);
  return age === -1 ? Number.POSITIVE_INFINITY : age;
}

/** Seconds for which the source's stream keeps a record. No stream keeps one for less than a day. */
export function retentionOf({ kind, origin }: EventSource): number | undefined {
  if (kind === 'table') return DAY;
  const hours = origin && numberIn(origin.properties.RetentionPeriodHours, 24);
  return hours === undefined ? undefined : hours * HOUR;
}

import { DAY_MS, SECOND_MS } from '../../contract/time.ts';
import { InvalidMapping } from './errors.ts';
import {
  type EventSourceMapping,
  nameOf,
  type QueueMapping,
  type StreamMapping,
  type TableMapping,
} from './mapping.ts';

const WEEK_MS = 7 * DAY_MS;

/**
 * Refuses the settings that Lambda refuses.
 *
 * @throws InvalidMapping when Lambda would refuse a setting, which it names
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
 */
export function refuseMapping(mapping: EventSourceMapping): void {
  refuseOutside(mapping, 'maxBatchingWindow', 0, 300 * SECOND_MS);
  refuseOutside(mapping, 'batchSize', 1, 10_000);
  if (mapping.kind === 'queue') refuseQueue(mapping);
  else refuseStream(mapping);
}

function refuseQueue(mapping: QueueMapping): void {
  const { queueUrl, batchSize = 10, maxBatchingWindow = 0 } = mapping;
  refuseOutside(mapping, 'maxConcurrency', 2, 1_000);
  const isFifo = queueUrl.endsWith('.fifo');
  if (isFifo && batchSize > 10) throw refused(mapping, `batchSize is ${batchSize}: a FIFO queue gives 10 at most`);
  if (isFifo && maxBatchingWindow > 0) throw refused(mapping, 'maxBatchingWindow is not for FIFO queues');
  if (batchSize > 10 && maxBatchingWindow < SECOND_MS) {
    throw refused(mapping, `batchSize is ${batchSize}: above 10 it needs a maxBatchingWindow of a second at least`);
  }
}

function refuseStream(mapping: StreamMapping | TableMapping): void {
  const { maxRecordAge = -1, tumblingWindow = 0, parallelizationFactor = 1 } = mapping;
  refuseOutside(mapping, 'parallelizationFactor', 1, 10);
  refuseOutside(mapping, 'retryAttempts', -1, 10_000);
  refuseOutside(mapping, 'tumblingWindow', 0, 900 * SECOND_MS);
  if (maxRecordAge !== -1) refuseOutside(mapping, 'maxRecordAge', 60 * SECOND_MS, WEEK_MS);
  if (tumblingWindow > 0 && parallelizationFactor > 1) {
    throw refused(mapping, 'tumblingWindow with a parallelizationFactor is not known here: a shard has one state');
  }
}

function refuseOutside<Name extends string>(
  mapping: EventSourceMapping & { readonly [name in Name]?: number },
  name: Name,
  least: number,
  most: number,
): void {
  const value: number | undefined = mapping[name];
  if (value !== undefined && !(Number.isInteger(value) && value >= least && value <= most)) {
    throw refused(mapping, `${name} is ${value}: give a whole number from ${least} to ${most}`);
  }
}

function refused(mapping: EventSourceMapping, what: string): InvalidMapping {
  return new InvalidMapping(`The event source ${nameOf(mapping)}: ${what}`);
}

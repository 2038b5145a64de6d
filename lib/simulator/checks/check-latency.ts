import { messageTime } from '../../message/message-id.ts';
import type { RunRecord } from '../run/run-record.ts';
import { type System, streamOf } from '../system.ts';
import type { Evidence } from './evidence.ts';
import type { Violation } from './violation.ts';

/** How many times its usual a subscriber may take, where another one is sick. */
const MOST_TIMES = 2;
/** Below this, in milliseconds, times differ by how often an event source looks: no ratio of them says anything. */
const LEAST_MS = 2_000;

/**
 * Milliseconds from a message's commit, or its moment, to its end, by subscriber, of those that were handled by the first
 * attempt: what a handler fails at by itself is late by its retries, and is nobody else's sickness.
 */
export type Latencies = ReadonlyMap<string, readonly number[]>;

export function latenciesOf(evidence: Evidence): Latencies {
  const { ends, deliverAt } = evidence;
  const handled = ends.filter((end) => end.state === 'handled' && !evidence.hasFailed(end));
  return new Map(
    [...Map.groupBy(handled, ({ subscriber }) => subscriber)].map(([subscriber, some]) => [
      subscriber,
      some.map(({ id, at }) => at - Math.max(messageTime(id), deliverAt.get(id) ?? 0)),
    ]),
  );
}

/** Queues, streams and subscribers that were sick at some time in a run. */
export function sickIn({ entries }: RunRecord): ReadonlySet<string> {
  return new Set(entries.flatMap((entry) => (entry.kind === 'sick' ? [entry.to] : [])));
}

/**
 * T2: where one destination or subscriber is sick and nothing else fails, the 99th percentile of every other is at most twice
 * that of the same plan without the sickness.
 */
export function checkLatency(
  system: Pick<System, 'streams'>,
  sick: ReadonlySet<string>,
  run: Latencies,
  healthy: Latencies,
): Violation[] {
  return [...run].flatMap(([subscriber, times]): Violation[] => {
    if (sick.has(subscriber) || sick.has(streamOf(system, subscriber) ?? '')) return [];
    const usual = percentile99(healthy.get(subscriber) ?? []);
    const own = percentile99(times);
    if (usual === undefined || own === undefined || own <= Math.max(MOST_TIMES * usual, LEAST_MS)) return [];
    const what = `99 of 100 messages took ${subscriber} at most ${own} ms while ${[...sick].join(', ')} was sick, and take ${usual} ms otherwise`;
    return [{ invariant: 'T2', what }];
  });
}

function percentile99(times: readonly number[]): number | undefined {
  const sorted = [...times].sort((one, other) => one - other);
  return sorted[Math.ceil(0.99 * sorted.length) - 1];
}

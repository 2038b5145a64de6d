import { type EmittedResource, numberIn } from './emitted.ts';
import type { EventSource } from './event-source.ts';
import type { Rule } from './rule.ts';

export const reservedConcurrency: Rule = {
  id: 'reserved-concurrency',
  refuses: 'a reserved concurrency of 0, or below what the sources of the function may invoke at once together',
  because:
    'Invocations beyond it are throttled: each costs a message one of its receives, until it is given up unhandled.',
  source: 'https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html',
  mend:
    'Reserve at least the sum, lower `maxConcurrency` (needed on every queue of such a function), or reserve ' +
    'nothing. To pause, disable the event source.',
  unknown:
    'how many shards a stream will have: one on demand is counted as the 4 that it starts with, a table or ' +
    "another app's stream as 1",

  *check(pipeline) {
    for (const [target, sources] of Map.groupBy(pipeline.sources, (source) => source.function)) {
      const { ReservedConcurrentExecutions: setting } = target.properties;
      const reserved = setting === undefined ? undefined : numberIn(setting, 0);
      if (reserved === undefined) continue;
      const { scale, channel } =
        pipeline.graph.subscribers.find((one) => pipeline.emitted.of(one.handler) === target) ?? {};
      const scaled = channel?.stream ? 'stream' : 'queue';
      const most = (source: EventSource) => (source.kind === scaled ? scale?.max : undefined);
      const needed = sources.reduce((sum, source) => sum + concurrencyOf(source, most(source)), 0);
      if (reserved > 0 && reserved >= needed) continue;
      const words = Number.isFinite(needed) ? `at most ${needed}` : 'any number of';
      const found = `The function has a reserved concurrency of ${reserved}, and sources that cause ${words} invocations at once`;
      yield { at: target.construct, found };
    }
  },
};

/** @param scaled to which a scaler raises it, of a stream by shard */
function concurrencyOf({ kind, mapping: { properties }, origin }: EventSource, scaled: number | undefined): number {
  if (kind === 'queue') {
    if (scaled !== undefined) return scaled;
    const { MaximumConcurrency: most } = (properties.ScalingConfig ?? {}) as { MaximumConcurrency?: unknown };
    return numberIn(most, Number.POSITIVE_INFINITY) ?? 0;
  }
  return (scaled ?? numberIn(properties.ParallelizationFactor, 1) ?? 1) * shardsOf(kind, origin);
}

/** @see https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html */
function shardsOf(kind: EventSource['kind'], stream: EmittedResource | undefined): number {
  if (kind !== 'stream' || !stream) return 1;
  const { StreamMode: mode } = (stream.properties.StreamModeDetails ?? {}) as { StreamMode?: unknown };
  return mode === 'ON_DEMAND' ? 4 : (numberIn(stream.properties.ShardCount, 1) ?? 1);
}

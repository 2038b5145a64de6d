import type { IConstruct } from 'constructs';
import { SCALER_TAG } from '../framework/scaler-tag.ts';
import { pathOf, tagIn } from './emitted.ts';
import type { Pipeline, Rule } from './rule.ts';

export const scalerRights: Rule = {
  id: 'scaler-rights',
  refuses:
    'a subscriber that scales whose event source, queue or stream has lost the tag by which its scaler may see to it',
  because: 'Its backlog could not be read, or what was decided not be set: it would stay at its least, whatever waits.',
  source: 'docs/scale.md',
  mend: `Leave the tag \`${SCALER_TAG}\` on the event source, the queue and the stream.`,

  *check(pipeline) {
    const { emitted } = pipeline;
    for (const { scale, queue, construct: at, definition, source } of scaled(pipeline)) {
      const stream = scale.resharded && emitted.of(scale.resharded);
      for (const one of [emitted.of(queue), source, stream].filter((some) => some !== undefined)) {
        if (tagIn(one, SCALER_TAG) === scale.tag) continue;
        const found = `'${definition.name}' scales, and '${pathOf(one.construct as IConstruct)}' has no tag '${SCALER_TAG}' of its scaler`;
        yield { at, found };
      }
    }
  },
};

export const scalerPollers: Rule = {
  id: 'scaler-pollers',
  refuses:
    'a subscriber that scales whose event source has provisioned pollers, or a first concurrency out of its bounds',
  because:
    'Lambda takes a maximum concurrency or provisioned pollers, never both: nothing that is decided could be set. Of a first ' +
    'concurrency the scaler assumes that it is the least.',
  source: 'https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html',
  mend: 'Take `ProvisionedPollerConfig` away, or `scale`; leave `MaximumConcurrency` and `ParallelizationFactor` as they are made.',

  *check(pipeline) {
    for (const { scale, channel, construct: at, definition, source } of scaled(pipeline)) {
      if (!source) continue;
      if (source.properties.ProvisionedPollerConfig !== undefined) {
        yield { at, found: `'${definition.name}' scales, and its event source has provisioned pollers` };
      }
      const { MaximumConcurrency: most } = (source.properties.ScalingConfig ?? {}) as { MaximumConcurrency?: unknown };
      const first = channel.stream ? (source.properties.ParallelizationFactor ?? 1) : most;
      if (first === scale.min) continue;
      yield {
        at,
        found: `'${definition.name}' scales from ${scale.min}, and its event source begins with ${first ?? 'no limit'}`,
      };
    }
  },
};

/** The subscribers that scale, each with the event source of its queue, or of its stream. */
function scaled({ graph, emitted, sources }: Pipeline) {
  return graph.subscribers.flatMap(({ scale, ...subscriber }) => {
    const target = emitted.of(subscriber.handler);
    const kind = subscriber.channel.stream ? 'stream' : 'queue';
    const own = sources.find((one) => one.kind === kind && one.function === target);
    return scale ? [{ ...subscriber, scale, source: own?.mapping }] : [];
  });
}

import { INBOX_AFTERLIFE } from '../../ledger/rows/layout.ts';
import { retentionOf as queueRetention } from './dead-letter-retention.ts';
import type { DeployedSubscriber } from './deployment-graph.ts';
import type { Pipeline, Rule } from './rule.ts';
import { DAY, recordAge, retentionOf as streamRetention } from './stream-retention.ts';

export const dedupLife: Rule = {
  id: 'dedup-life',
  refuses:
    "a subscriber whose proofs of what it has handled and idempotency keys (kept for the event's lifetime and 3 days) " +
    'live no longer than a message can be delivered again',
  because:
    'A message that was handled could come again after its proof has gone: only its expiry would keep it from ' +
    'taking effect twice, and it would be dead-lettered as if nobody had ever handled it.',
  source:
    'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html',
  mend: 'Give the event a longer `lifetime`, or the subscriber a shorter `retentionPeriod`.',
  unknown:
    'how long a stream of another app keeps a record; its event source gives one up after 12 hours unless that ' +
    'was changed',

  *check(pipeline) {
    for (const subscriber of pipeline.graph.subscribers) {
      const { construct: at, definition } = subscriber;
      const shortest = definition.consumes.reduce((one, other) => (other.lifetime < one.lifetime ? other : one));
      const life = (shortest.lifetime + INBOX_AFTERLIFE) / 1_000;
      const horizon = redeliveryHorizon(subscriber, pipeline);
      if (horizon === undefined) {
        const found = `Only the deployment knows how long a message can be delivered to '${definition.name}' again`;
        yield { at, found, unknown: 'warn' };
      } else if (life <= horizon) {
        const found =
          `'${definition.name}' knows a handled '${shortest.type}' for ${days(life)}, and can get it again for ` +
          `${days(horizon)} (the ledger's stream, the channel's, and the queue together)`;
        yield { at, found };
      }
    }
  },
};

/** Seconds from commit within which a copy of a message can reach the handler without anybody redriving it. */
function redeliveryHorizon({ channel, handler, queue }: DeployedSubscriber, pipeline: Pipeline): number | undefined {
  const { emitted, sources } = pipeline;
  const own = emitted.of(queue);
  const queued = own && queueRetention(own);
  if (queued === undefined) return undefined;
  if (!channel.stream) return DAY + queued;
  const target = emitted.of(handler);
  const streams = sources.filter((source) => source.function === target && source.kind === 'stream');
  const streamed = streams.map((source) =>
    Math.min(recordAge(source.mapping) ?? Infinity, streamRetention(source) ?? Infinity),
  );
  const longest = Math.max(0, ...streamed);
  return Number.isFinite(longest) ? DAY + longest + queued : undefined;
}

function days(seconds: number): string {
  return `${Math.round((seconds / DAY) * 10) / 10} days`;
}

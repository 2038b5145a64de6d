import { numberIn } from './emitted.ts';
import type { Rule } from './rule.ts';

/** One more than the most attempts that a definition can allow. */
const FEWEST_RECEIVES = 51;

export const backstop: Rule = {
  id: 'backstop',
  refuses:
    "a subscriber's queue that does not move what was received too often to the subscriber's backstop, or does so " +
    'before 51 receives; likewise the forward queue and the requests of a check-back, to their dead-letter queues',
  because:
    'A message that crashes the function would come back until it expires, unrecorded; and receives count ' +
    'throttling too, so that a low limit gives up messages that are well.',
  source: 'docs/decisions/dead-letters.md',
  mend: "Leave the queue's redrive policy as it is made: of a subscriber's to its backstop queue, after 100 receives.",

  *check({ graph, emitted }) {
    const subscribed = graph.subscribers.map((own) => [own.queue, own.backstopQueue, 'its backstop'] as const);
    const worked = graph.workQueues.map((own) => [own.queue, own.deadLetterQueue, 'its dead-letter queue'] as const);
    for (const [queue, last, name] of [...subscribed, ...worked]) {
      const source = emitted.of(queue);
      if (!source) continue;
      const { deadLetterTargetArn: target, maxReceiveCount } = (source.properties.RedrivePolicy ?? {}) as RedrivePolicy;
      const receives = numberIn(maxReceiveCount, 0);
      const moved = target !== undefined && emitted.named(source, target, 'AWS::SQS::Queue') === emitted.of(last);
      if (moved && (receives === undefined || receives >= FEWEST_RECEIVES)) continue;
      const found = moved
        ? `The queue gives a message up after ${receives} receives`
        : `The queue does not lead to ${name}`;
      yield { at: queue, found };
    }
  },
};

interface RedrivePolicy {
  readonly deadLetterTargetArn?: unknown;
  readonly maxReceiveCount?: unknown;
}

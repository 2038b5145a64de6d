import { pathOf } from './construct-path.ts';
import { type EmittedResource, numberIn } from './emitted.ts';
import type { Rule } from './rule.ts';

/** Seconds for which a queue keeps a message that says nothing else: 4 days. */
const DEFAULT_RETENTION = 345_600;

export const deadLetterRetention: Rule = {
  id: 'dead-letter-retention',
  severity: 'error',
  refuses: 'a dead-letter queue or backstop that keeps messages no longer than the queue does whose messages it takes',
  because:
    'What SQS moves there keeps the time of its first sending: it would be gone before, or soon after, anybody looks.',
  source: 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html',
  mend: 'Keep dead letters for 14 days, and the messages of the queue for 4 at most (`retentionPeriod`).',

  *check({ graph, emitted }) {
    const worked = graph.workQueues.map(({ queue, deadLetterQueue }) => ({ queue, targets: [deadLetterQueue] }));
    const subscribed = graph.subscribers.map(({ queue, backstopQueue, deadLetterQueue }) => ({
      queue,
      targets: [backstopQueue, deadLetterQueue],
    }));
    for (const { queue, targets } of [...subscribed, ...worked]) {
      const source = emitted.of(queue);
      if (!source) continue;
      const kept = retentionOf(source);
      for (const target of targets.map((each) => emitted.of(each))) {
        if (!target) continue;
        const longer = retentionOf(target);
        if (kept === undefined || longer === undefined) {
          yield {
            at: target.construct,
            found: `Only the deployment knows how long this queue, or '${pathOf(queue)}', keeps messages`,
            unknown: 'warn',
          };
        } else if (longer <= kept) {
          yield {
            at: target.construct,
            found: `The queue keeps dead letters for ${longer} s, and '${pathOf(queue)}' its messages for ${kept} s`,
          };
        }
      }
    }
  },
};

/** Seconds for which a queue keeps a message; `undefined` where only the deployment will tell. */
export function retentionOf({ properties }: EmittedResource): number | undefined {
  return numberIn(properties.MessageRetentionPeriod, DEFAULT_RETENTION);
}

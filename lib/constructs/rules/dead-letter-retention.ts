import { type EmittedResource, numberIn, pathOf } from './emitted.ts';
import type { Rule } from './rule.ts';

/** Seconds for which a queue keeps a message that says nothing else: 4 days. */
const DEFAULT_RETENTION = 345_600;

export const deadLetterRetention: Rule = {
  id: 'dead-letter-retention',
  refuses: 'a dead-letter queue or backstop that keeps messages no longer than the queue does whose messages it takes',
  because:
    'What SQS moves there keeps the time of its first sending: it would be gone before, or soon after, anybody looks.',
  source: 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html',
  mend: 'Keep dead letters for 14 days, and the messages of the queue for 4 at most (`retentionPeriod`).',

  *check({ graph, emitted }) {
    const backstops = graph.subscribers.map(({ queue, backstopQueue }) => [queue, backstopQueue] as const);
    const targets = [...graph.subscribers, ...graph.workQueues].map((own) => [own.queue, own.deadLetterQueue] as const);
    for (const [queue, target] of [...backstops, ...targets]) {
      const [source, last] = [emitted.of(queue), emitted.of(target)];
      if (!source || !last) continue;
      const [kept, longer] = [retentionOf(source), retentionOf(last)];
      if (kept === undefined || longer === undefined) {
        const found = `Only the deployment knows how long this queue, or '${pathOf(queue)}', keeps messages`;
        yield { at: last.construct, found, unknown: 'warn' };
      } else if (longer <= kept) {
        const found = `The queue keeps dead letters for ${longer} s, and '${pathOf(queue)}' its messages for ${kept} s`;
        yield { at: last.construct, found };
      }
    }
  },
};

/** Seconds for which a queue keeps a message; `undefined` where only the deployment will tell. */
export function retentionOf({ properties }: EmittedResource): number | undefined {
  return numberIn(properties.MessageRetentionPeriod, DEFAULT_RETENTION);
}

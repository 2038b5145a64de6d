import type { Rule } from './rule.ts';

export const fifoQueues: Rule = {
  id: 'fifo-queues',
  refuses:
    'a queue, backstop or dead-letter queue of a subscriber on a FifoChannel that is no FIFO queue, or does not deduplicate ' +
    'and count its throughput by message group',
  because:
    'What the relay sends, and SQS moves, goes into message groups: a standard queue would not take it, and one that counts ' +
    'for all groups together takes 300 requests a second.',
  source: 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/high-throughput-fifo.html',
  mend: 'Leave the three queues as FifoChannel makes them.',

  *check({ graph, emitted }) {
    for (const { channel, queue, backstopQueue, deadLetterQueue } of graph.subscribers) {
      if (!channel.isFifo) continue;
      for (const one of [queue, backstopQueue, deadLetterQueue]) {
        const properties = emitted.of(one)?.properties;
        if (!properties) continue;
        const wrong = Object.entries(HIGH_THROUGHPUT).find(([name, value]) => String(properties[name]) !== value);
        if (!wrong) continue;
        const [name, value] = wrong;
        yield { at: one, found: `The queue has ${name} ${String(properties[name] ?? 'unset')}, not ${value}` };
      }
    }
  },
};

const HIGH_THROUGHPUT = {
  FifoQueue: 'true',
  DeduplicationScope: 'messageGroup',
  FifoThroughputLimit: 'perMessageGroupId',
};

import { functionBehind } from '../event-source.ts';
import type { Rule } from '../rule.ts';

export const competingConsumer: Rule = {
  id: 'competing-consumer',
  severity: 'error',
  refuses: "a second function on a subscriber's queue or backstop",
  because: 'Each message goes to one of the two: what the other one takes has no proof, and is named missing.',
  source: 'https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html',
  mend: 'Give the other function a subscriber of its own on the channel.',
  unknown: 'consumers in other apps, and those that are no event source',

  *check({ graph, emitted }) {
    for (const mapping of emitted.ofType('AWS::Lambda::EventSourceMapping')) {
      const queue = emitted.named(mapping, mapping.properties.EventSourceArn, 'AWS::SQS::Queue');
      if (!queue) continue;
      for (const subscriber of graph.subscribers) {
        const rightful =
          (queue === emitted.of(subscriber.queue) && subscriber.handler) ||
          (queue === emitted.of(subscriber.backstopQueue) && subscriber.recorder);
        if (!rightful || functionBehind(emitted, mapping) === emitted.of(rightful)) continue;
        yield { at: mapping.construct, found: `It takes messages from the queue of '${subscriber.definition.name}'` };
      }
    }
  },
};

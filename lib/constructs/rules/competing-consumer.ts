import type { DeploymentGraph } from './deployment-graph.ts';
import { pathOf } from './emitted.ts';
import { functionBehind } from './event-source.ts';
import type { Rule } from './rule.ts';

export const competingConsumer: Rule = {
  id: 'competing-consumer',
  refuses: "a second function on a subscriber's queue or backstop, on the forward queue, or on a check-back's requests",
  because:
    'Each message goes to one of the two: what the other one takes has no proof and is named missing, or is never ' +
    'decided.',
  source: 'https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html',
  mend: 'Give the other function a subscriber of its own on the channel.',
  unknown: 'consumers in other apps, and those that are no event source',

  *check({ graph, emitted }) {
    for (const mapping of emitted.ofType('AWS::Lambda::EventSourceMapping')) {
      const queue = emitted.named(mapping, mapping.properties.EventSourceArn, 'AWS::SQS::Queue');
      if (!queue) continue;
      for (const { of, by, whose } of consumed(graph)) {
        if (queue !== emitted.of(of) || functionBehind(emitted, mapping) === emitted.of(by)) continue;
        yield { at: mapping.construct, found: `It takes messages from the queue of '${whose}'` };
      }
    }
  },
};

/** Each queue, with the one function that may consume it. */
function consumed({ subscribers, workQueues }: DeploymentGraph) {
  return [
    ...subscribers.flatMap(({ queue, handler, backstopQueue, recorder, definition: { name: whose } }) => [
      { of: queue, by: handler, whose },
      { of: backstopQueue, by: recorder, whose },
    ]),
    ...workQueues.map(({ queue, consumer, construct }) => ({ of: queue, by: consumer, whose: pathOf(construct) })),
  ];
}

import { Stack } from 'aws-cdk-lib';
import type { DeploymentGraph } from './deployment-graph.ts';
import type { Rule } from './rule.ts';

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const MOST_RESOURCES = 500;
/** Of which a stack of subscribers should stay below, so that each may grow. */
const ROOM = 400;

export const stackResources: Rule = {
  id: 'stack-resources',
  refuses: 'a stack with Waybill constructs that has more than 500 resources',
  because:
    'CloudFormation takes no template with more, and says so only when it is deployed, without saying how to cut it.',
  source: 'https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html',
  mend:
    'Give subscribers, with their handlers, stacks of their own: `new Subscriber(stack, …)` may be in any stack of the app, and ' +
    'none of them adds anything to the stacks of its ledger and its channel.',

  *check({ graph, emitted }) {
    for (const [stack, resources] of emitted.byStack()) {
      if (resources <= MOST_RESOURCES || !holdsWaybill(graph, stack)) continue;
      const subscribers = graph.subscribers.filter(({ construct }) => Stack.of(construct) === stack).length;
      const stacks = Math.min(subscribers, Math.ceil(resources / ROOM));
      const cut =
        subscribers > 1 ? `: ${stacks} stacks of ${Math.ceil(subscribers / stacks)} subscribers each would do` : '';
      const found = `The stack '${stack.stackName}' has ${resources} resources, and ${subscribers} subscribers are in it${cut}`;
      yield { at: stack, found };
    }
  },
};

function holdsWaybill({ ledgers, subscribers, channels }: DeploymentGraph, stack: Stack): boolean {
  const constructs = [
    ...ledgers.map(({ ledger }) => ledger),
    ...channels,
    ...subscribers.flatMap(({ construct, handler }) => [construct, handler]),
  ];
  return constructs.some((construct) => Stack.of(construct) === stack);
}

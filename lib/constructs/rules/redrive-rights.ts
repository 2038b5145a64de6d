import type { IConstruct } from 'constructs';
import { type Emitted, type EmittedResource, pathOf } from './emitted.ts';
import { textOf } from './reference-keeper.ts';
import type { Rule } from './rule.ts';

const POLICY = 'AWS::SQS::QueuePolicy';

export const redriveRights: Rule = {
  id: 'redrive-rights',
  refuses:
    "a subscriber whose queue does not let the ledger's forwarder send, or whose dead-letter queue does not let it take letters " +
    'out; likewise a queue with two policies, of which SQS keeps the last',
  because: 'A redrive would begin, and never send a message or come to its end.',
  source: 'docs/redrive.md',
  mend: "Add statements to the queue by `addToResourcePolicy`, instead of a policy of your own, and leave the subscriber's.",

  *check({ graph, emitted }) {
    const policiesOf = policiesByQueue(emitted);
    for (const { construct: at, definition, queue, deadLetterQueue } of graph.subscribers) {
      const needed = [
        [queue, ['sqs:SendMessage']],
        [deadLetterQueue, ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility']],
      ] as const;
      for (const [of, actions] of needed) {
        const resource = emitted.of(of);
        if (!resource) continue;
        const policies = policiesOf.get(resource) ?? [];
        const lacks = actions.filter((action) => !policies.some((policy) => allows(policy, action)));
        const own = `'${pathOf(of as IConstruct)}' of '${definition.name}'`;
        if (lacks.length > 0) yield { at, found: `${own} allows nobody ${lacks.join(', ')}` };
        else if (policies.length > 1) yield { at, found: `${own} has ${policies.length} policies` };
      }
    }
  },
};

/** The policies of each queue, looked for once: a ledger may have hundreds of queues. */
function policiesByQueue(emitted: Emitted): ReadonlyMap<EmittedResource, readonly EmittedResource[]> {
  const found = new Map<EmittedResource, EmittedResource[]>();
  for (const policy of emitted.ofType(POLICY)) {
    const { Queues = [] } = policy.properties as { readonly Queues?: readonly unknown[] };
    const queues = [Queues].flat().map((one) => emitted.named(policy, one, 'AWS::SQS::Queue'));
    for (const queue of new Set(queues)) if (queue) found.set(queue, [...(found.get(queue) ?? []), policy]);
  }
  return found;
}

interface Statement {
  readonly Effect?: unknown;
  readonly Action?: unknown;
}

function allows({ properties }: EmittedResource, action: string): boolean {
  const { Statement = [] } = (properties.PolicyDocument ?? {}) as { readonly Statement?: readonly Statement[] };
  return [Statement]
    .flat()
    .some(({ Effect, Action }) => Effect === 'Allow' && [Action].flat().map(textOf).includes(action));
}

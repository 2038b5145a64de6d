import { Stack } from 'aws-cdk-lib';
import { FORMAT_VARIABLE, FORMATS } from '../../ledger/rows/format.ts';
import type { DeployedSubscriber } from './deployment-graph.ts';
import { type Emitted, pathOf } from './emitted.ts';
import type { Rule } from './rule.ts';

export const formatReaders: Rule = {
  id: 'format-readers',
  refuses: "a ledger whose `format` is newer than what a subscriber's function reads",
  because: 'The function cannot read what producers would write: messages would come again until it can.',
  source: 'docs/row-formats.md',
  mend: 'Deploy the function with a version that reads the format, and give the ledger its `format` after that.',
  unknown: 'whether subscribers whose stacks deploy after the ledger read it already',

  *check({ graph, emitted }) {
    for (const { ledger, own } of graph.ledgers) {
      const { format = FORMATS.plain } = own ?? {};
      if (format === FORMATS.plain) continue;
      for (const subscriber of graph.subscribers.filter(({ channel }) => channel.ledger === ledger)) {
        const { construct: at, definition, route } = subscriber;
        const reads = readsOf(subscriber, emitted);
        if (reads < format) {
          yield {
            at,
            found: `'${definition.name}' reads formats up to ${reads}, and '${pathOf(ledger)}' has ${format}`,
          };
        } else if (Stack.of(route) !== Stack.of(ledger)) {
          const found = `'${definition.name}' deploys after '${pathOf(ledger)}', whose \`format\` is ${format}: deploy both before with a version that reads it, or the ledger is refused`;
          yield { at, found, unknown: 'note' };
        }
      }
    }
  },
};

/** The newest format that the function reads, as far as it is told to read less than its version could. */
function readsOf({ handler }: DeployedSubscriber, emitted: Emitted): number {
  const { Environment } = emitted.of(handler)?.properties ?? {};
  const { Variables } = (Environment ?? {}) as { readonly Variables?: Readonly<Record<string, unknown>> };
  const told = Number(Variables?.[FORMAT_VARIABLE] ?? Number.NaN);
  return Number.isNaN(told) ? Number.POSITIVE_INFINITY : told;
}

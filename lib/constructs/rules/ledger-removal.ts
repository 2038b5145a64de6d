import type { EmittedResource } from './emitted.ts';
import { isProduction, type Rule } from './rule.ts';

export const ledgerRemoval: Rule = {
  id: 'ledger-removal',
  refuses:
    'a ledger whose table is deleted or replaced with its data though its props do not say `removalPolicy: ' +
    'DESTROY`, or say so where the context `waybill:production` is true',
  because:
    'The ledger is the only proof of what was committed and handled. Without it every message could take effect again.',
  source: 'https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html',
  mend: 'Keep the table: `removalPolicy: RETAIN` on the ledger, and no Aspect or override that changes it.',
  unknown: "the removal policy of another app's ledger",

  *check({ graph, emitted }) {
    for (const { ledger, own } of graph.ledgers) {
      const table = emitted.of(ledger.table);
      if (!own || !table || (own.disposable && !isProduction(ledger))) continue;
      const dropping = POLICIES.filter(([, policyOf]) => !KEEPING.has(policyOf(table))).map(
        ([name, policyOf]) => `${name}: ${policyOf(table) ?? 'Delete'}`,
      );
      if (dropping.length > 0) yield { at: ledger, found: `The ledger's table has ${dropping.join(' and ')}` };
    }
  },
};

const POLICIES: readonly (readonly [string, (table: EmittedResource) => unknown])[] = [
  ['DeletionPolicy', (table) => table.deletionPolicy],
  ['UpdateReplacePolicy', (table) => table.updateReplacePolicy],
];

const KEEPING = new Set<unknown>(['Retain', 'RetainExceptOnCreate']);

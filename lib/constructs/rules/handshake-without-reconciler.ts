import { pathOf } from './emitted.ts';
import type { Rule } from './rule.ts';

export const handshakeWithoutReconciler: Rule = {
  id: 'handshake-without-reconciler',
  refuses: 'a producer that sends by handshake to a ledger that does not reconcile itself',
  because:
    'A producer that ends between its write and its send leaves a message pending, which the reconciler alone finds: ' +
    'it would be committed and reach no one.',
  source: 'docs/decisions/sending.md',
  mend: 'Let the ledger reconcile itself (`reconcile`), or publish through the outbox (`grantPublish`).',

  *check({ graph }) {
    for (const { ledger, producer } of graph.handshakes) {
      if (ledger.reconcilerRole) continue;
      yield { at: producer, found: `It sends by handshake to '${pathOf(ledger)}', which does not reconcile itself` };
    }
  },
};

import type { Bug } from './bug.ts';

/** Mistakes in how the outbox is compared with the inboxes. */
export const reconcileBugs: readonly Bug[] = [
  {
    name: 'newest-not-compared',
    mistake: 'reconciliation leaves the newest message out',
    edits: [
      {
        file: 'reconcile/judge.ts',
        find: 'const range = messageIdRange(from, to);',
        replace: 'const range = messageIdRange(from, to - 1);',
      },
    ],
  },
  {
    name: 'halves-not-looked-at',
    mistake: 'reconciliation never looks at half messages',
    by: ['from-latest', 'retention'],
    edits: [
      {
        file: 'reconcile/reconciler.ts',
        find: 'await runHalfPasses(ledger, counts, options)',
        replace: '0',
      },
    ],
  },
  {
    name: 'configured-shards',
    mistake: 'readers look at as many shards as they are configured with',
    by: ['more-shards'],
    edits: [
      {
        file: 'ledger/shards.ts',
        find: 'shards: Math.max(ledger.shards, ...written) };',
        replace: 'shards: Math.max(ledger.shards, written.length) };',
      },
    ],
  },
];

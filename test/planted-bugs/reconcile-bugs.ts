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
    name: 'named-by-the-second-pass',
    mistake: 'what the first pass finds missing nobody writes down, until the next one comes past ten minutes later',
    by: ['lost'],
    edits: [
      {
        file: 'reconcile/pass.ts',
        find: 'await concurrently(CASES_AT_ONCE, unended.filter(isOpened), (one) =>',
        replace:
          "await concurrently(CASES_AT_ONCE, unended.filter(isOpened).slice(this.#pass.startsWith('due') ? unended.length : 0), (one) =>",
      },
    ],
  },
  {
    name: 'overtaken-by-none',
    mistake:
      'how far a subscriber has come says when the newest was sent, not when it was due: what its queue has lost of delayed messages waits until the queue is empty',
    system: 'notices',
    rare: true,
    edits: [
      {
        file: 'ledger/high-water.ts',
        find: 'return relayed === undefined ? 0 : Math.max(relayed, Math.min(due, ended));',
        replace: 'return relayed === undefined || Math.min(due, ended) < 0 ? 0 : relayed;',
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
        find: 'return Math.max(0, ...Items.map((item) => (unmarshall(item) as ShardsRow).shards));',
        replace: 'void unmarshall;\n  return Items.length;',
      },
    ],
  },
  {
    name: 'count-told-by-the-relay-alone',
    mistake: 'the ledger learns its shard count from messages that are relayed alone',
    system: 'payments',
    rare: true,
    by: ['more-shards'],
    edits: [
      {
        file: 'ledger/shards.ts',
        find: 'if (known < ledger.shards) await raiseTo(ledger, ledger.shards);',
        replace: '',
      },
    ],
  },
  {
    name: 'checkpoint-at-the-end',
    rare: true,
    by: ['killed'],
    mistake: 'where a pass stands is written down at the end of its run alone: one that is killed starts over for ever',
    edits: [
      {
        file: 'reconcile/pass.ts',
        find: '  #cursor: CountingCursor | undefined;\n',
        replace: '  #cursor: CountingCursor | undefined;\n  #read: CountingCursor | undefined;\n  #last = 0;\n',
      },
      {
        file: 'reconcile/pass.ts',
        find: '    const span = nextSpan(this.#cursor, target, first);\n',
        replace: `    const span = nextSpan(this.#cursor, target, first);
    this.#read = this.#cursor;
    this.#last = span?.to ?? 0;\n`,
      },
      {
        file: 'reconcile/pass.ts',
        find: '    const written = await writeCursor(this.#ledger, this.#pass, this.#cursor, {\n',
        replace: `    const isLast = cursor.upTo >= this.#last;
    const written = !isLast ? cursor : await writeCursor(this.#ledger, this.#pass, this.#read, {\n`,
      },
    ],
  },
];

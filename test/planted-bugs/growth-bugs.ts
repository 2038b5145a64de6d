import type { Bug } from './bug.ts';

/** Mistakes in how the shards of a ledger grow. */
export const growthBugs: readonly Bug[] = [
  {
    name: 'growth-forgets-since',
    mistake: 'ids are minted for more shards as soon as the row is read, before every reader knows them',
    system: 'growth',
    by: ['load-grows'],
    edits: [
      {
        file: 'ledger/minted-shards.ts',
        find: 'minted.since <= environment.now()',
        replace: 'minted.since > 0',
      },
    ],
  },
  {
    name: 'growth-unknown-to-readers',
    mistake:
      'readers know more shards once the relay has seen an id of them, and not from the row that ids are minted by',
    system: 'growth',
    rare: true,
    edits: [
      {
        file: 'ledger/shards.ts',
        find: '(unmarshall(item) as ShardsRow).shards));',
        replace: '(item.since ? 1 : (unmarshall(item) as ShardsRow).shards)));',
      },
    ],
  },
  {
    name: 'grows-for-one-key',
    mistake: 'shards are doubled although one key has most of the messages, which they would not divide',
    system: 'growth',
    by: ['load-grows'],
    edits: [
      { file: 'reconcile/grow-shards.ts', find: 'busiest >= HOT * mean', replace: 'busiest >= HOT * mean * shards' },
    ],
  },
  {
    name: 'grows-twice-for-a-minute',
    mistake: 'shards are doubled again for a minute whose ids were minted for the count before',
    system: 'growth',
    rare: true,
    edits: [
      {
        file: 'reconcile/grow-shards.ts',
        find: 'fullest(counted, since);',
        replace: 'fullest(counted, 0 * since);',
      },
    ],
  },
  {
    name: 'grows-too-late',
    mistake: 'what a shard takes is multiplied by the shards twice',
    system: 'growth',
    by: ['load-grows'],
    edits: [
      {
        file: 'reconcile/grow-shards.ts',
        find: 'shards * messagesAShard',
        replace: 'shards * shards * messagesAShard',
      },
    ],
  },
];

import type { LedgerKey } from './layout.ts';

/** The greatest shard count that any id of the ledger was minted for. The row is only ever raised. */
export interface ShardsRow extends LedgerKey {
  readonly shards: number;
}

/** Where the greatest shard count is written. */
export const SHARDS_KEY: LedgerKey = { pk: 'shards', sk: 'greatest' };

/** Shards whose rows one run of reconciliation compares. A larger ledger is compared by several runs, each of which has so many. */
export const SHARDS_A_RUN = 64;

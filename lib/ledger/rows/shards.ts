import type { LedgerKey } from './layout.ts';

/** The greatest shard count that any id of the ledger was minted for. The row is only ever raised. */
export interface ShardsRow extends LedgerKey {
  readonly shards: number;
}

/** Where the greatest shard count is written. */
export const SHARDS_KEY: LedgerKey = { pk: 'shards', sk: 'greatest' };

/** For how many shards ids are minted from a moment on, where the ledger grows by itself. Only ever raised. */
export interface MintedRow extends ShardsRow {
  /** Milliseconds since the epoch: by then every reader knows the count. */
  readonly since: number;
}

/** Where it is written for how many shards ids are minted: in the partition that readers read at each run's start. */
export const MINTED_KEY: LedgerKey = { pk: SHARDS_KEY.pk, sk: 'minted' };

/** Shards whose rows one run of reconciliation compares. A larger ledger is compared by several runs, each of which has so many. */
export const SHARDS_A_RUN = 64;

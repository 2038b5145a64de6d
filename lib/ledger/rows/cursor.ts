import type { LedgerKey } from './layout.ts';

/** Where it is written up to which minute a pass of reconciliation has come. */
export function reconcileKey(pass: string): LedgerKey {
  return { pk: 'reconcile', sk: pass };
}

/** Where it is written how far a subscriber has come with delayed messages. No pass can be called so. */
export function endedKey(subscriber: string): LedgerKey {
  return { pk: 'reconcile', sk: `ended#${subscriber}` };
}

/** Where it is written up to which moment a shard's delayed messages were sent. */
export function sweepKey(shard: number): LedgerKey {
  return { pk: 'sweep', sk: String(shard) };
}

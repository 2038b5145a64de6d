import type { LedgerKey } from './layout.ts';

/** The partition of how far reconciliation has come. */
export const CURSORS = 'reconcile';

/** The partition of how far the sweep has come. */
export const SWEEP_CURSORS = 'sweep';

/** Where it is written up to which minute a pass of reconciliation has come. */
export function reconcileKey(pass: string): LedgerKey {
  return { pk: CURSORS, sk: pass };
}

/** Where it is written how far a subscriber has come with delayed messages. No pass can be called so. */
export function endedKey(subscriber: string): LedgerKey {
  return { pk: CURSORS, sk: `ended#${subscriber}` };
}

/** Where it is written up to which moment a shard's delayed messages were sent. */
export function sweepKey(shard: number): LedgerKey {
  return { pk: SWEEP_CURSORS, sk: String(shard) };
}

import type { LedgerKey } from './layout.ts';

/** Where it is written up to which minute a pass of reconciliation has come. */
export function reconcileKey(pass: string): LedgerKey {
  return { pk: 'reconcile', sk: pass };
}

/** Where it is written up to which moment a shard's delayed messages were sent. */
export function sweepKey(shard: number): LedgerKey {
  return { pk: 'sweep', sk: String(shard) };
}

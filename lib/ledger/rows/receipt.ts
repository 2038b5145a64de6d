import { bucket, type Expiring, type LedgerKey, RECEIPT_PREFIX } from './layout.ts';

/** What one relayed batch carried where. Read only when something is missing. */
export interface ReceiptRow extends LedgerKey, Expiring {
  readonly sent: readonly { readonly to: string; readonly ids: Uint8Array }[];
}

/** Where the receipt of a relayed batch lies. The batch id is minted like a message id, at the time of sending. */
export function receiptKey(batchId: string): LedgerKey {
  return { pk: `${RECEIPT_PREFIX}${bucket(batchId)}`, sk: batchId };
}

/** The partition of the receipts that were written in a minute, by the shard of the batch. */
export function receiptPartition(minute: string, shard: number): string {
  return `${RECEIPT_PREFIX}${minute}#${shard}`;
}

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { type RowKind, rowKindOf } from '../../ledger/rows/row-kind.ts';

/** The ledger's name. */
export const LEDGER = 'waybill-ledger';

/** Which row of the ledger a key is of. */
export interface LedgerRow {
  readonly kind: RowKind;
  /** What the partition is of: a subscriber, an event type, a business line or a shard. */
  readonly of: string;
  readonly sk: string;
}

/** Which of the ledger's rows a key is of. */
export function ledgerRowOf({
  pk: { S: pk = '' } = { S: '' },
  sk,
}: Readonly<Record<string, AttributeValue>>): LedgerRow {
  const [, of = ''] = pk.split('#');
  return { kind: rowKindOf(pk), of, sk: sk?.S ?? '' };
}

import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/** The ledger's name. */
export const LEDGER = 'waybill-ledger';

/** The kinds of the ledger's rows, by the first part of their partition keys. */
const KINDS = {
  out: 'outbox',
  in: 'inbox',
  once: 'once',
  fail: 'failure',
  relay: 'receipt',
  route: 'route',
  types: 'event-type',
  open: 'case',
  radar: 'radar',
  reconcile: 'cursor',
  due: 'due',
  sweep: 'sweep',
  half: 'half',
} as const;

export type RowKind = (typeof KINDS)[keyof typeof KINDS] | 'other';

/** Which row of the ledger a key is of. */
export interface LedgerRow {
  readonly kind: RowKind;
  /** What the partition is of: a subscriber, an event type, a business line or a shard. */
  readonly of: string;
  readonly sk: string;
}

/** Which of the ledger's rows a key is of. */
export function ledgerRowOf({ pk, sk }: Readonly<Record<string, AttributeValue>>): LedgerRow {
  const [, of = ''] = (pk?.S ?? '').split('#');
  return { kind: rowKindOf(pk?.S), of, sk: sk?.S ?? '' };
}

/** Which kind of the ledger's rows a partition is of. */
export function rowKindOf(partition = ''): RowKind {
  const [prefix = ''] = partition.split('#');
  return isPrefix(prefix) ? KINDS[prefix] : 'other';
}

function isPrefix(prefix: string): prefix is keyof typeof KINDS {
  return Object.hasOwn(KINDS, prefix);
}

import { MINUTE_MS } from '../contract/time.ts';
import { type Condition, getRow, type Ledger, putRow } from '../ledger/ledger.ts';
import { reconcileKey } from '../ledger/rows/cursor.ts';

/** Up to where a pass has come, in milliseconds since the epoch. */
export interface Cursor {
  readonly upTo: number;
  /** Counts the writes of the row, so that none is made over one that was not read. */
  readonly revision?: number;
}

/** What one run of a pass looks at, at most: after a standstill it catches up in several runs. */
const LONGEST_SPAN_MS = 15 * MINUTE_MS;
/** Where a ledger's first run begins. */
export const FIRST_SPAN_MS = 10 * MINUTE_MS;

/**
 * What a run of a pass looks at, both ends included; undefined where there is nothing yet.
 *
 * @param target up to where it may look
 * @param first where a pass begins that has no cursor
 */
export function nextSpan(
  cursor: Cursor | undefined,
  target: number,
  first: number,
): { readonly from: number; readonly to: number } | undefined {
  const from = (cursor?.upTo ?? first) + 1;
  const to = Math.min(target, from + LONGEST_SPAN_MS - 1);
  return to < from ? undefined : { from, to };
}

export function readCursor<Kind extends Cursor>(ledger: Ledger, pass: string): Promise<Kind | undefined> {
  return getRow(ledger, reconcileKey(pass));
}

/**
 * Writes down where a pass stands, over what was read.
 *
 * @returns the cursor as it was written; undefined where another run has moved it meanwhile: then that one's word counts
 */
export async function writeCursor<Kind extends Cursor>(
  ledger: Ledger,
  pass: string,
  read: Kind | undefined,
  cursor: Kind,
): Promise<Kind | undefined> {
  const written = { ...cursor, revision: (read?.revision ?? 0) + 1 };
  const { kind } = await putRow(ledger, { ...reconcileKey(pass), ...written }, unmoved(read));
  return kind === 'written' ? written : undefined;
}

function unmoved(read: Cursor | undefined): Condition {
  if (!read) return { ConditionExpression: 'attribute_not_exists(upTo)' };
  const { upTo, revision } = read;
  return revision === undefined
    ? {
        ConditionExpression: 'upTo = :read AND attribute_not_exists(revision)',
        ExpressionAttributeValues: { ':read': { N: String(upTo) } },
      }
    : {
        ConditionExpression: 'upTo = :read AND revision = :revision',
        ExpressionAttributeValues: { ':read': { N: String(upTo) }, ':revision': { N: String(revision) } },
      };
}

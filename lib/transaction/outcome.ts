import type { CancellationReason } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { EndState } from '../ledger/rows/inbox.ts';

/** What a handler declares for a write whose condition does not hold. */
export type Otherwise = 'retry' | 'deadLetter' | 'duplicate';

/** Why a write is in the transaction, as far as judging its cancellation needs it. */
export type Role =
  | { readonly kind: 'inbox' }
  | { readonly kind: 'once' }
  | { readonly kind: 'outbox' }
  | { readonly kind: 'companion'; readonly of: CompanionKind }
  | { readonly kind: 'business'; readonly otherwise: Otherwise; readonly lock?: Lock };

/**
 * Whose a row of Waybill's own is that commits with others: `dead` has no condition, `fence` keeps a key's order at a
 * subscriber, `tail` counts a key's messages, `saga` is a step of a saga.
 */
export type CompanionKind = 'dead' | 'fence' | 'tail' | 'saga';

/** A row as the transaction read it. */
export interface Lock {
  readonly column: string;
  /** Whether the row was there. */
  readonly exists: boolean;
  /** `undefined` when it was not there, or had none: something else than a transaction has written it. */
  readonly version: number | undefined;
}

/** What is known of a transaction in the end. */
export type CommitResult = { readonly kind: 'committed' } | Cancelled;

/** What a cancelled transaction means, once it is decided. */
export type Cancelled =
  /** The message has already ended here. */
  | { readonly kind: 'ended'; readonly state: EndState }
  /** The condition of a companion does not hold; what lies in its place, where it asked for that. */
  | {
      readonly kind: 'withheld';
      readonly of: CompanionKind;
      readonly index: number;
      readonly row?: CancellationReason['Item'];
    }
  /** Another message took the idempotency key: a business duplicate. */
  | { readonly kind: 'duplicate' }
  /** A business condition did not hold. `conflict` says that the row has changed since it was read. */
  | {
      readonly kind: 'conditionFailed';
      readonly index: number;
      readonly otherwise: Otherwise;
      readonly conflict: boolean;
    }
  /** DynamoDB refused a write for a reason that no retry mends. */
  | { readonly kind: 'refused'; readonly index: number; readonly code: string };

/** A conflict or throttling: nothing was applied, and the identical transaction may succeed. */
export interface Undecided {
  readonly kind: 'undecided';
  readonly code: string;
}

/**
 * Reasons that say nothing about the conditions: the transaction met another one, or capacity.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
const UNDECIDED = new Set([
  'TransactionConflict',
  'ProvisionedThroughputExceeded',
  'ThrottlingError',
  'RequestLimitExceeded',
  'InternalServerError',
]);
const CONDITION_FAILED = 'ConditionalCheckFailed';

/**
 * Judges a cancelled transaction by its reasons, in this order of precedence: the inbox row, then its companions, then
 * conflicts and throttling, then the idempotency key, then business conditions, then refusals.
 *
 * @param roles one for each action, in the transaction's order
 * @param reasons DynamoDB's cancellation reasons, in the same order
 */
export function judgeCancellation(
  roles: readonly Role[],
  reasons: readonly CancellationReason[],
): Cancelled | Undecided {
  const failed = roles.flatMap((role, index) => {
    const reason = reasons[index];
    return reason?.Code && reason.Code !== 'None' ? [{ role, index, reason, code: reason.Code }] : [];
  });

  const inbox = failed.find(({ role, code }) => role.kind === 'inbox' && code === CONDITION_FAILED);
  const state = inbox?.reason.Item && (unmarshall(inbox.reason.Item).state as EndState);
  if (state) return { kind: 'ended', state };

  for (const { role, index, reason, code } of inbox ? [] : failed) {
    if (role.kind !== 'companion' || code !== CONDITION_FAILED) continue;
    return { kind: 'withheld', of: role.of, index, ...(reason.Item && { row: reason.Item }) };
  }

  const undecided = failed.find(({ code }) => UNDECIDED.has(code));
  // An inbox condition that failed without its row says that the message ended, not how: it must be read.
  if (undecided || inbox) return { kind: 'undecided', code: undecided?.code ?? CONDITION_FAILED };

  const conditions = failed.filter(({ code }) => code === CONDITION_FAILED);
  if (conditions.some(({ role }) => role.kind === 'once')) return { kind: 'duplicate' };

  const business = conditions.flatMap(({ role, index, reason }) =>
    role.kind === 'business' ? [{ index, otherwise: role.otherwise, conflict: isConflict(role.lock, reason) }] : [],
  );
  // A row that has changed since it was read proves nothing about the condition: read it again first.
  const first = business.find(({ conflict }) => conflict) ?? business[0];
  if (first) return { kind: 'conditionFailed', ...first, otherwise: first.conflict ? 'retry' : first.otherwise };

  const refused = failed[0];
  return refused
    ? { kind: 'refused', index: refused.index, code: refused.code }
    : { kind: 'undecided', code: 'Unknown' };
}

function isConflict(lock: Lock | undefined, { Item }: CancellationReason): boolean {
  if (!lock) return false;
  const version = Item?.[lock.column]?.N;
  return (Item !== undefined) !== lock.exists || (version && Number(version)) !== lock.version;
}

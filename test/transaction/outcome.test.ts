import { type AttributeValue, type CancellationReason, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EndState } from '../../lib/ledger/rows/inbox.ts';
import {
  type Cancelled,
  judgeCancellation,
  type Lock,
  type Otherwise,
  type Role,
  type Undecided,
} from '../../lib/transaction/outcome.ts';
import { ORDER, OrderPlaced, openShop, reserving, Shelf, Stock, StockReserved } from '../consume/shop.ts';

type Judged = Cancelled | Undecided;

type Reason = CancellationReason;

const NONE: Reason = { Code: 'None' };
const CONFLICT: Reason = { Code: 'TransactionConflict' };
const THROTTLED: Reason = { Code: 'ThrottlingError' };
const INVALID: Reason = { Code: 'ValidationError' };
const failed = (Item?: Record<string, AttributeValue>): Reason => ({
  Code: 'ConditionalCheckFailed',
  ...(Item && { Item }),
});
const ended = (state: EndState): Reason => failed({ state: { S: state } });
const version = (number: number): Reason => failed({ sku: { S: 'a' }, version: { N: String(number) } });

const READ_AT_1: Lock = { column: 'version', exists: true, version: 1 };
const READ_ABSENT: Lock = { column: 'version', exists: false, version: undefined };
const READ_UNVERSIONED: Lock = { column: 'version', exists: true, version: undefined };

/** Everything that can become of each action of a transaction of inbox row, idempotency key, business write and message. */
const INBOX = [NONE, ended('handled'), ended('duplicate'), ended('dead'), failed(), CONFLICT, THROTTLED];
const ONCE = [NONE, failed(), CONFLICT, THROTTLED];
const BUSINESS = [NONE, failed(), failed({ sku: { S: 'a' } }), version(1), version(2), CONFLICT, THROTTLED, INVALID];
const OUTBOX = [NONE, CONFLICT, THROTTLED, INVALID];
const OTHERWISE: readonly Otherwise[] = ['retry', 'deadLetter', 'duplicate'];
const LOCKS = [undefined, READ_AT_1, READ_ABSENT, READ_UNVERSIONED];

interface Combination {
  readonly reasons: readonly [inbox: Reason, once: Reason, business: Reason, outbox: Reason];
  readonly otherwise: Otherwise;
  readonly lock: Lock | undefined;
}

function combinations(): Combination[] {
  const all: Combination[] = [];
  for (const inbox of INBOX)
    for (const once of ONCE)
      for (const business of BUSINESS)
        for (const outbox of OUTBOX)
          for (const otherwise of OTHERWISE)
            for (const lock of LOCKS) all.push({ reasons: [inbox, once, business, outbox], otherwise, lock });
  return all.filter(({ reasons }) => reasons.some((reason) => reason !== NONE));
}

function rolesOf({ otherwise, lock }: Combination): Role[] {
  return [
    { kind: 'inbox' },
    { kind: 'once' },
    { kind: 'business', otherwise, ...(lock && { lock }) },
    { kind: 'outbox' },
  ];
}

/** What the design says, told without a look at the code: the first line that applies. */
function expected({ reasons, otherwise, lock }: Combination): Judged['kind'] | `${Judged['kind']} ${string}` {
  const [inbox, once, business] = reasons;
  if (inbox.Item) return `ended ${inbox.Item.state?.S}`;
  if (inbox.Code === 'ConditionalCheckFailed') return 'undecided';
  if (reasons.some((reason) => reason === CONFLICT || reason === THROTTLED)) return 'undecided';
  if (once.Code === 'ConditionalCheckFailed') return 'duplicate';
  if (business.Code === 'ConditionalCheckFailed')
    return hasChanged(lock, business) ? 'conditionFailed by conflict' : `conditionFailed ${otherwise}`;
  return 'refused';
}

/** Whether the row is not as it was read. */
function hasChanged(lock: Lock | undefined, { Item }: Reason): boolean {
  if (!lock) return false;
  if (!lock.exists) return Item !== undefined;
  if (lock.version === undefined) return Item === undefined || Item.version !== undefined;
  return Item?.version?.N !== String(lock.version);
}

function told(verdict: Judged): string {
  if (verdict.kind === 'ended') return `ended ${verdict.state}`;
  if (verdict.kind !== 'conditionFailed') return verdict.kind;
  if (!verdict.conflict) return `conditionFailed ${verdict.otherwise}`;
  expect(verdict.otherwise).toBe('retry');
  return 'conditionFailed by conflict';
}

test('every combination of reasons is judged in the order of precedence', () => {
  const all = combinations();
  const seen = new Set<string>();
  for (const combination of all) {
    const verdict = told(judgeCancellation(rolesOf(combination), combination.reasons));
    seen.add(verdict);
    if (verdict !== expected(combination)) expect(verdict, JSON.stringify(combination)).toBe(expected(combination));
  }
  expect(all).toHaveLength(7 * 4 * 8 * 4 * 3 * 4 - 3 * 4);
  expect([...seen].sort()).toEqual([
    'conditionFailed by conflict',
    'conditionFailed deadLetter',
    'conditionFailed duplicate',
    'conditionFailed retry',
    'duplicate',
    'ended dead',
    'ended duplicate',
    'ended handled',
    'refused',
    'undecided',
  ]);
});

test('of several business conditions, a row that has changed since it was read speaks first', () => {
  const role = (otherwise: Otherwise, lock?: Lock): Role => ({ kind: 'business', otherwise, ...(lock && { lock }) });
  const roles = [role('deadLetter'), role('duplicate', READ_AT_1)];
  const judged = (...reasons: Reason[]) => judgeCancellation(roles, reasons);
  expect(judged(failed(), version(2))).toEqual({
    kind: 'conditionFailed',
    index: 1,
    otherwise: 'retry',
    conflict: true,
  });
  expect(judged(failed(), version(1))).toEqual({
    kind: 'conditionFailed',
    index: 0,
    otherwise: 'deadLetter',
    conflict: false,
  });
  expect(judged(NONE, version(1))).toEqual({
    kind: 'conditionFailed',
    index: 1,
    otherwise: 'duplicate',
    conflict: false,
  });
});

test('a companion that withholds speaks after the inbox row, and before everything else', () => {
  const others: Role[] = [{ kind: 'once' }, { kind: 'business', otherwise: 'deadLetter' }];
  const roles: Role[] = [{ kind: 'inbox' }, { kind: 'companion', of: 'dead' }, ...others];
  const row = { id: { S: 'a' } };
  for (const once of ONCE) {
    for (const business of BUSINESS) {
      const judged = (inbox: Reason, companion: Reason) => judgeCancellation(roles, [inbox, companion, once, business]);
      expect(judged(NONE, failed(row))).toEqual({ kind: 'withheld', of: 'dead', index: 1, row });
      expect(judged(CONFLICT, failed())).toEqual({ kind: 'withheld', of: 'dead', index: 1 });
      expect(judged(ended('handled'), failed(row))).toEqual({ kind: 'ended', state: 'handled' });
      expect(judged(failed(), failed(row)).kind).toBe('undecided');
      expect(judged(NONE, CONFLICT).kind).toBe('undecided');
    }
  }
});

test('a cancellation that gives no reasons decides nothing', () => {
  const roles: Role[] = [{ kind: 'inbox' }, { kind: 'outbox' }];
  for (const reasons of [[], [NONE, NONE], [{}, {}]]) expect(judgeCancellation(roles, reasons).kind).toBe('undecided');
});

test('a version beyond what JavaScript counts exactly is judged, not thrown over', () => {
  const roles: Role[] = [{ kind: 'business', otherwise: 'deadLetter', lock: READ_AT_1 }];
  const big = failed({ sku: { S: 'a' }, version: { N: '9'.repeat(38) }, total: { N: '9'.repeat(38) } });
  expect(judgeCancellation(roles, [big])).toMatchObject({ kind: 'conditionFailed', conflict: true });
});

/** What a consumer makes of a cancellation for these reasons, when all goes well after it. */
async function consumedAfter({ reasons, otherwise, lock }: Combination) {
  const shop = openShop();
  shop.stock(9);
  shop.stock(9, Shelf);
  let runs = 0;
  const handler = reserving(async (order, { tx }) => {
    runs++;
    tx.once(order.orderId);
    if (lock) {
      await tx.get(Shelf, { sku: 'a' });
      tx.update(Shelf, { sku: 'a' }, { add: { quantity: -1 }, otherwise });
    } else {
      tx.update(Stock, { sku: 'a' }, { add: { quantity: -1 }, when: 'present', otherwise });
    }
    tx.publish(StockReserved, { orderId: order.orderId });
  });
  shop.next('TransactWriteItems', () => {
    throw new TransactionCanceledException({ $metadata: {}, message: 'cancelled', CancellationReasons: [...reasons] });
  });
  const message = shop.envelopeOf(OrderPlaced, ORDER);
  const reported = await shop.invoke(handler, [shop.queued(message)]);
  const taken = 18 - Number(shop.left()) - Number(shop.left(Shelf));
  return {
    acknowledged: reported.length === 0,
    inbox: shop.inbox(message.id)?.state,
    letters: shop.dead.messages().length,
    attempts: shop.failures(message.id),
    taken,
    runs,
  };
}

/** How it comes out: done before, done now, given up, or to come again. */
function consequence(verdict: string) {
  const nothing = { acknowledged: true, inbox: undefined, letters: 0, attempts: undefined, taken: 0, runs: 1 };
  switch (verdict) {
    case 'ended handled':
    case 'ended duplicate':
      return nothing;
    case 'ended dead':
      return { ...nothing, letters: 1 };
    case 'undecided':
      return { ...nothing, inbox: 'handled', taken: 1 };
    case 'conditionFailed retry':
    case 'conditionFailed by conflict':
      return { ...nothing, inbox: 'handled', taken: 1, runs: 2 };
    case 'duplicate':
    case 'conditionFailed duplicate':
      return { ...nothing, inbox: 'duplicate' };
    case 'conditionFailed deadLetter':
      return { ...nothing, inbox: 'dead', letters: 1 };
    default:
      return { ...nothing, acknowledged: false, attempts: '1' };
  }
}

test('a consumer makes of each combination what its verdict means', async () => {
  // What the handler reads is a row at version 0, or none of Waybill's: other locks are judged above.
  const read: Lock = { column: 'version', exists: true, version: 0 };
  const possible = combinations()
    .filter(({ lock }) => lock === undefined || lock === READ_AT_1)
    .map((one) => ({ ...one, lock: one.lock && read }));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...possible), async (combination) => {
      expect(await consumedAfter(combination)).toEqual(consequence(expected(combination)));
    }),
    { numRuns: 300, seed: 1 },
  );
});

import { describe, expect, test } from 'vitest';
import { judge, misjudgedPoison, missingPoison, percentile, stoppedOrders } from '../../demo/verdict.ts';
import { end, evidence, letter, paid, placed, poison } from './evidence.ts';

const finding = { step: 'pay', orderIds: ['1'], what: '' } as const;

test('the verdict is the object that --json promises', () => {
  expect(judge(evidence())).toEqual({
    committed: 2,
    subscribers: {
      pay: { handled: 1, duplicates: 0, deadLettered: 0 },
      count: { handled: 1, duplicates: 0, deadLettered: 0 },
      ship: { handled: 1, duplicates: 0, deadLettered: 0 },
    },
    lost: [],
    doubled: [],
    conserved: true,
    latencyMs: { p50: 100, p99: 100 },
    perMessage: { calls: 3, writeUnits: 12 },
  });
});

describe('a message is lost', () => {
  test('that is committed and has not ended at one of its subscribers', () => {
    const ended = [end('pay', placed, 'handled', { published: ['paid-1'] }), end('ship', paid)];
    expect(judge(evidence({ ended })).lost).toEqual(['placed-1']);
  });

  test('that a handler has published and the outbox does not hold', () => {
    const uncaused = [{ id: 'paid-1', subscriber: 'ship' }];
    expect(judge(evidence({ reconciliation: { missing: [], uncaused } })).lost).toEqual(['paid-1']);
  });

  test('that ended as dead without a letter that says so', () => {
    const ended = [...evidence().ended.slice(0, 2), end('ship', paid, 'dead')];
    expect(judge(evidence({ ended })).lost).toEqual(['paid-1']);
    const letters = [letter({ subscriber: 'ship', messageId: 'paid-1' })];
    expect(judge(evidence({ ended, letters })).lost).toEqual([]);
  });

  test('whose effect the business tables lack, whatever the ledger says', () => {
    const audit = { conserved: false, sums: [], findings: [{ ...finding, kind: 'lost' as const, step: 'ship' }] };
    expect(judge(evidence({ audit }))).toMatchObject({ lost: ['paid-1'], doubled: [], conserved: false });
  });
});

describe('a message is doubled', () => {
  const audit = { conserved: false, sums: [], findings: [{ ...finding, kind: 'doubled' as const }] };

  test('whose effect the business tables hold twice', () => {
    expect(judge(evidence({ audit }))).toMatchObject({ lost: [], doubled: ['placed-1'], conserved: false });
  });

  test('namely the one that was handled, where an order was submitted twice', () => {
    const again = { ...placed, id: 'placed-2' };
    const ended = [end('pay', placed, 'duplicate'), end('pay', again), end('count', placed), end('count', again)];
    expect(judge(evidence({ audit, ended, committed: [placed, again] })).doubled).toEqual(['placed-2']);
  });
});

test('duplicates are business duplicates and copies that were skipped, even those that raced their original', () => {
  const ended = [...evidence().ended, end('pay', { ...placed, id: 'placed-2' }, 'duplicate')];
  const outcomes = { pay: { already: 3, handled: 1, duplicate: 2 }, ship: { already: 1 } };
  expect(judge(evidence({ ended, functions: { ...evidence().functions, outcomes } })).subscribers).toMatchObject({
    pay: { handled: 1, duplicates: 5 },
    count: { duplicates: 0 },
    ship: { duplicates: 1 },
  });
});

test('dead letters are counted where they lie, those of other runs are not', () => {
  const letters = [
    letter({ sha256: 'a' }),
    letter({ sha256: 'b', messageId: 'paid-1', subscriber: 'ship' }),
    letter({ sha256: 'c' }),
    letter({ sha256: 'd', messageId: 'of-another-run' }),
  ];
  const { subscribers } = judge(evidence({ letters, poison: [poison({ sha256: 'a' })] }));
  expect(subscribers).toMatchObject({
    pay: { deadLettered: 1 },
    ship: { deadLettered: 1 },
    count: { deadLettered: 0 },
  });
});

test('poison is missing unless it lies in the dead-letter queue of its own subscriber', () => {
  const put = [poison({ sha256: 'a' }), poison({ sha256: 'b' })];
  const letters = [letter({ sha256: 'a', reason: 'malformed-message' }), letter({ sha256: 'b', subscriber: 'ship' })];
  expect(missingPoison({ letters, poison: put })).toEqual([put[1]]);
});

test('poison that was dead-lettered for another reason is named with that reason', () => {
  const put = [poison({ sha256: 'a' })];
  const letters = [letter({ sha256: 'a', reason: 'expired' })];
  expect(misjudgedPoison({ letters, poison: put })).toMatchObject([{ sha256: 'a', given: 'expired' }]);
});

test('an order is stopped where its message is dead, unless another message of it was handled there', () => {
  const again = { ...placed, id: 'placed-2' };
  expect(stoppedOrders([end('pay', placed, 'dead')])).toEqual({ pay: new Set(['1']) });
  expect(stoppedOrders([end('pay', placed, 'dead'), end('pay', again)])).toEqual({ pay: new Set() });
});

test('a percentile is a value below which that share lies', () => {
  const values = Array.from({ length: 200 }, (_, index) => index + 1);
  expect([percentile(values, 0.5), percentile(values, 0.99), percentile([], 0.99), percentile([7], 0.5)]).toEqual([
    100, 198, 0, 7,
  ]);
});

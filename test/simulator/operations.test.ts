import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { expected, type Term } from '../../lib/ledger/rows/route.ts';
import { mintMessageId } from '../../lib/message/message-id.ts';
import { Expectations } from '../../lib/simulator/checks/expectations.ts';
import type { Operation } from '../../lib/simulator/operations/operation.ts';
import { describePlan, type Plan, parsePlan } from '../../lib/simulator/plan/plan.ts';
import { ledgerRowOf } from '../../lib/simulator/run/ledger-row.ts';
import { simulate } from '../../lib/simulator/run/simulation.ts';
import { commerce } from '../../scripts/certify/commerce.ts';
import { growth } from '../../scripts/certify/growth.ts';
import { warehouse } from '../../scripts/certify/warehouse.ts';

const HOUR_MS = 3_600_000;
/** Orders before and after whatever operators do. */
const ORDERS = [0, 20_000].flatMap((at) => [0, 1].map((step) => ({ step, at: at + 40 * step })));

function plan(...operations: (Operation & { readonly at?: number })[]): Plan {
  const planned = operations.map((one) => ({ at: 0, ...one }));
  return { seed: 3, workload: ORDERS, faults: [], operations: planned };
}

const PAYMENT = { subscriber: 'take-payment' };

describe('a simulated run in which operators', () => {
  test.each<[what: string, operations: (Operation & { readonly at?: number })[], outcomes: object]>([
    [
      'deploy the only subscriber of an event type late: it gets what waited for it',
      [{ kind: 'subscriber-added', subscriber: 'note-shipping', at: 5_000 }],
      { 'sweep.backfilled': expect.any(Number) },
    ],
    [
      'remove a subscriber that has a backlog: it is given up, and told',
      [
        { kind: 'subscriber-paused', ...PAYMENT, for: HOUR_MS },
        { kind: 'subscriber-removed', ...PAYMENT },
      ],
      { 'reconcile.abandoned': expect.any(Number), 'reconcile.unjudged': expect.any(Number) },
    ],
    [
      'bring it back in time: it still owes what it had not ended, and gets it again',
      [
        { kind: 'subscriber-paused', ...PAYMENT, for: HOUR_MS },
        { kind: 'subscriber-added-again', ...PAYMENT, after: 5_000 },
      ],
      { 'reconcile.resent': expect.any(Number) },
    ],
    [
      'pause one for hours: nobody sends again what lies in its queue',
      [{ kind: 'subscriber-paused', ...PAYMENT, for: 3 * HOUR_MS }],
      { 'reconcile.stopped': expect.any(Number) },
    ],
    [
      'have a destination refuse for hours: it is tried there alone',
      [{ kind: 'destination-refused', to: 'take-payment', for: 3 * HOUR_MS }],
      { 'relay.handedOver': expect.any(Number) },
    ],
    [
      'let the reconciler look into no queue for hours: it tells so, and sends nothing again that may lie there',
      [
        { kind: 'subscriber-paused', ...PAYMENT, for: HOUR_MS },
        {
          kind: 'permission-lost',
          function: 'reconciler',
          action: 'sqs:GetQueueAttributes',
          on: 'take-payment',
          for: HOUR_MS,
        },
      ],
      { 'reconcile.unjudged': expect.any(Number) },
    ],
    [
      'let a consumer write nothing for hours: its messages are handled once it may',
      [{ kind: 'permission-lost', function: 'take-payment', action: 'dynamodb:UpdateItem', for: 2 * HOUR_MS }],
      { 'batch.again': expect.any(Number) },
    ],
    [
      'deploy the route of an event type hours before its code: its messages wait for the code',
      [{ kind: 'event-type-added', ...PAYMENT, first: 'route', apart: 3 * HOUR_MS }],
      { 'batch.again': expect.any(Number) },
    ],
    [
      'deploy the code of an event type before its route: it gets what waited for it',
      [{ kind: 'event-type-added', subscriber: 'note-shipping', first: 'code', apart: 5_000 }],
      { 'sweep.backfilled': expect.any(Number) },
    ],
    ['run two reconcilers', [{ kind: 'two-reconcilers', apart: 0 }], {}],
    ['deploy two stacks that disagree on shards', [{ kind: 'shards-disagree', stack: 'application', to: 8 }], {}],
  ])('%s', async (_, operations, outcomes) => {
    const report = await simulate(commerce, plan(...operations));

    expect(report.violations).toEqual([]);
    expect(report.outcomes).toMatchObject(outcomes);
    for (const { kind } of operations) expect(report.operations[kind]).toBe(1);
  });
});

test.each<[order: string, operation: Extract<Operation, { kind: 'subscriber-renamed' }>]>([
  ['before it goes', { kind: 'subscriber-renamed', subscriber: 'pick', first: 'new', apart: 8_000 }],
  ['once it has gone', { kind: 'subscriber-renamed', subscriber: 'pick', first: 'old', apart: 8_000 }],
  ['once it was given up', { kind: 'subscriber-renamed', subscriber: 'count', first: 'old', apart: 25 * 60_000 }],
])(
  'a simulated run in which a subscriber with a backlog gives way to its successor, which comes %s: that ends it',
  async (_, operation) => {
    const { subscriber } = operation;
    const paused = { kind: 'subscriber-paused', subscriber, for: HOUR_MS } as const;
    const operations = [paused, { ...operation, at: 5_000 }].map((one) => ({ at: 0, ...one }));
    const sales = [0, 1].map((step) => ({ step, at: 40 * step }));
    const report = await simulate(warehouse, { seed: 3, workload: sales, faults: [], operations });

    expect(report.violations).toEqual([]);
    const successor = warehouse.successors?.[subscriber]?.subscriber.name;
    expect(report.trace.filter((line) => line.includes(`${successor}.TransactWriteItems.inbox`))).not.toEqual([]);
  },
);

test.each([
  ['relay', 1, { 'relay.copies': expect.any(Number) }],
  ['take-payment', 1, { 'batch.handled': expect.any(Number) }],
  ['reconciler', 7, { 'reconcile.resent': expect.any(Number) }],
])(
  'a simulated run in which %s is killed at each of its calls in turn: nothing is lost, and what is missing is named',
  async (name, step, outcomes) => {
    const killed = { kind: 'killed', function: name, for: HOUR_MS, step, at: 0 } as const;
    const lost = { site: 'note-shipping.sent', nth: 0, fault: { kind: 'lost' } } as const;
    const report = await simulate(commerce, { seed: 3, workload: ORDERS, faults: [lost], operations: [killed] });

    expect(report.violations).toEqual([]);
    expect(report.outcomes).toMatchObject(outcomes);
    const deaths = report.trace.filter((line) => line.includes(` ${name}#`) && line.endsWith(' died'));
    expect(deaths.length).toBeGreaterThan(8);
  },
);

test.each([
  [
    'many keys, and again once ids are minted for more: the shards are doubled twice',
    0,
    { 'reconcile.shards-grown': 2 },
  ],
  [
    'one key, and again: the shards are doubled once, and then its key is told',
    1,
    { 'reconcile.shards-grown': 1, 'shards.hot-key': expect.any(Number) },
  ],
])('a simulated run of a ledger that grows, under a load of %s', async (_, step, outcomes) => {
  const load = { kind: 'load-grows', step, times: 24, again: 12 * 60_000, at: 0 } as const;
  const report = await simulate(growth, { seed: 3, workload: [{ step: 0, at: 0 }], faults: [], operations: [load] });
  expect(report.violations).toEqual([]);
  expect(report.outcomes).toMatchObject(outcomes);
  expect(report.messages).toBe(49);
});

test('the judge tells who is to get a message as the ledger does, though by code of its own', () => {
  const moment = fc.nat(50).map((tick) => Date.UTC(2026, 0, 1) + tick);
  const terms = fc
    .array(moment, { minLength: 1, maxLength: 7 })
    .map((moments) => [...new Set(moments)].sort((one, other) => one - other))
    .map((sorted) =>
      Array.from({ length: Math.ceil(sorted.length / 2) }, (_, index): Term => {
        const [since = 0, until] = sorted.slice(2 * index, 2 * index + 2);
        return until === undefined ? { since } : { since, until };
      }),
    );
  fc.assert(
    fc.property(terms, moment, (all, time) => {
      const last = all.at(-1) as Term;
      const row = {
        ...{ pk: 'route#order.placed', sk: 'ship', type: 'order.placed', subscriber: 'ship' },
        ...{ deadline: 1, businessLine: 'orders', destination: { kind: 'queue', url: 'url' } as const },
        ...{ ...last, past: all.slice(0, -1) },
      };
      const item = toItem(row);
      const expectations = new Expectations();
      expectations.addRow({
        row: ledgerRowOf(item),
        change: { table: 't', sequence: 0, at: 0, key: item, before: undefined, after: item },
      });
      const id = mintMessageId({ now: time, key: 'k', shards: 2, random: new Uint8Array(16) });

      expect(expectations.has('ship', { id, type: 'order.placed' })).toBe(expected(id, [row]).length === 1);
    }),
  );
});

test('a plan with operations is read from its JSON, and told in words', () => {
  const written = plan({ kind: 'subscriber-paused', subscriber: 'ship', for: 60_000, at: 7 });

  expect(parsePlan(JSON.stringify(written))).toEqual(written);
  expect(describePlan(written)).toContain('at 7 ms: subscriber-paused subscriber ship, for 60000');
  expect(() => parsePlan('{"seed":1,"workload":[],"faults":[],"operations":[{"kind":"subscriber-paused"}]}')).toThrow(
    'A plan is JSON of the form',
  );
});

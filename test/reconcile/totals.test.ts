import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byId, type CopyState, type Dead, type Missing, Totals, type Uncaused } from '../../lib/reconcile/totals.ts';

const STATES = ['handled', 'dead', 'abandoned', 'inFlight', 'scheduled', 'waitsForProvider', 'missing', 'unjudged'];
const NAMED = ['missing', 'uncaused', 'abandoned', 'unjudged', 'dead'] as const;

/** One thing that is found: a message of a business line, a copy, or one that is named. */
const finding = fc.oneof(
  fc.record({
    line: fc.constantFrom('orders', 'returns'),
    states: fc.subarray(STATES as CopyState[]),
  }),
  fc.record({ copy: fc.constantFrom('handled', 'duplicate', 'dead', 'cancelled', 'abandoned', 'late') }),
  fc.record({
    named: fc.constantFrom(...NAMED),
    id: fc.constantFrom('a', 'b', 'c'),
    subscriber: fc.constantFrom('payment', 'sales'),
  }),
);
type Finding = typeof finding extends fc.Arbitrary<infer Value> ? Value : never;

function found(findings: readonly Finding[]): Totals {
  const totals = new Totals();
  for (const one of findings) {
    if ('line' in one) totals.count(one.line, one.states);
    else if ('copy' in one) totals.countCopy(one.copy as 'handled');
    else totals[one.named].push({ id: one.id, subscriber: one.subscriber } as Missing & Uncaused & Dead);
  }
  return totals;
}

test('what several passes have found adds up to what one would have, in the order of messages and subscribers', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(finding, fc.nat(3))), (findings) => {
      const sum = new Totals();
      for (const part of [3, 1, 0, 2]) {
        sum.add(found(findings.filter(([, where]) => where === part).map(([one]) => one)));
      }
      const whole = found(findings.map(([one]) => one)).reconciliation();
      expect(sum.reconciliation()).toEqual(whole);
      for (const name of NAMED) {
        const named = findings.flatMap(([one]) => ('named' in one && one.named === name ? [one] : []));
        const sorted = named.map(({ id, subscriber }) => `${id} ${subscriber}`).sort();
        expect((whole[name] ?? []).map(({ id, subscriber }) => `${id} ${subscriber}`)).toEqual(sorted);
        // What is seldom there is there only where there is some.
        expect(name in whole).toBe(sorted.length > 0 || name === 'missing' || name === 'uncaused');
      }
    }),
  );
});

test('a message counts where it is furthest from being handled, and each once', () => {
  const totals = new Totals();
  const furthest = ['missing', 'unjudged', 'dead', 'abandoned', 'waitsForProvider', 'scheduled', 'inFlight', 'handled'];
  for (const [index] of furthest.entries()) totals.count('orders', furthest.slice(index).reverse() as CopyState[]);
  totals.count('orders', []);
  expect(totals.lines).toEqual({
    orders: {
      committed: 9,
      handled: 2,
      inFlight: 1,
      scheduled: 2,
      waitsForProvider: 1,
      dead: 1,
      abandoned: 1,
      unjudged: 1,
      missing: 1,
    },
  });
});

test('one message at several subscribers is in their order, and one that is named twice stays', () => {
  const named = (id: string, subscriber: string) => ({ id, subscriber });
  const [a1, a2, b1] = [named('a', 'payment'), named('a', 'sales'), named('b', 'payment')];
  expect([b1, a2, a1, a2].sort(byId)).toEqual([a1, a2, a2, b1]);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readGraph } from '../../lib/ledger/graph.ts';
import { circuitKey } from '../../lib/ledger/rows/circuit.ts';
import { openKey } from '../../lib/ledger/rows/open-case.ts';
import type { Case } from '../../lib/reconcile/cases.ts';
import { DueCases } from '../../lib/reconcile/due-cases.ts';
import { heal } from '../../lib/reconcile/heal.ts';
import { DEADLINE, reconcileWorld } from './reconcile-world.ts';

const OVERDUE = DEADLINE + 120_000;

function caseOf(id: string, subscriber: string, rest: Partial<Case> = {}): Case {
  const common = { id, subscriber, type: 'order.placed', businessLine: 'orders', tries: 0, next: 0 };
  return { ...common, state: 'waiting', ...rest };
}

describe('thousands of cases', () => {
  test('of a subscriber that stands still are one incident, and hide no loss of another', async () => {
    const world = reconcileWorld({ subscribers: ['payment', 'sales'] });
    const { ledger, commit, mint, put, queue, environment } = world;
    for (let count = 0; count < 6_000; count++) {
      const one = caseOf(mint(OVERDUE + 60_000), 'payment', {
        state: 'missing',
        hop: 'consumer',
        evidence: 'disabled',
      });
      put(openKey(one.id, one.subscriber), one);
    }
    queue('payment').send({ id: 'waits', body: 'what waits', attributes: {} });
    const id = commit(mint(OVERDUE));
    put(openKey(id, 'sales'), caseOf(id, 'sales'));
    const listEventSources = async (arn: string) => [{ state: arn.endsWith('payment') ? 'Disabled' : 'Enabled' }];
    const before = environment.usage.calls.PutItem ?? 0;
    const healing = await heal(ledger, { graph: await readGraph(ledger), budget: 10, listEventSources });
    expect(healing.resent).toMatchObject([{ id, subscriber: 'sales', hop: 'relay' }]);
    expect(queue('sales').receive(10)).toHaveLength(1);
    expect(healing.stopped).toEqual([{ subscriber: 'payment', reason: 'its event source is disabled', cases: 6_000 }]);
    expect(healing.missing).toHaveLength(6_001);
    // The case of what was sent again, and its receipt.
    expect((environment.usage.calls.PutItem ?? 0) - before).toBe(2);
  });

  test('of a paused subscriber are looked at once, again when they expire, and all of them once it goes on', async () => {
    const world = reconcileWorld({ subscribers: ['payment'] });
    const { ledger, clock, commit, mint, put, relay, end, environment } = world;
    const ids = Array.from({ length: 40 }, () => commit(mint(OVERDUE)));
    const [first = '', lost, ...others] = ids;
    for (const id of ids) await relay(id, 'payment');
    const expires = (id: string) => (id === first ? { expires: clock.now() + 300_000 } : {});
    for (const id of ids) put(openKey(id, 'payment'), caseOf(id, 'payment', expires(id)));
    const circuit = { state: 'open', since: clock.now(), by: 'operator', epoch: 1 };
    put(circuitKey('payment'), circuit);
    const graph = await readGraph(ledger);
    const run = async (minutes: number) => {
      clock.pass(minutes * 60_000);
      const { GetItem: reads = 0, PutItem: writes = 0 } = environment.usage.calls;
      const { closed, missing, expired, resent } = await heal(ledger, { graph, budget: 10 });
      const { calls } = environment.usage;
      const used = { reads: (calls.GetItem ?? 0) - reads, writes: (calls.PutItem ?? 0) - writes };
      return { ...used, came: [closed.length, missing.length, expired.length], resent };
    };
    expect(await run(0)).toMatchObject({ writes: 40, came: [0, 0, 0] });
    // What the subscriber's state takes, however many wait for it.
    const resting = await run(2);
    expect(resting).toMatchObject({ writes: 0, came: [0, 0, 0], resent: [] });
    expect(resting.reads).toBeLessThan(5);
    expect(await run(6)).toMatchObject({ came: [1, 0, 1] });

    put(circuitKey('payment'), { ...circuit, state: 'closed', epoch: 2 });
    for (const id of others) end(id, 'payment');
    expect(await run(2)).toMatchObject({ came: [38, 1, 0], resent: [{ id: lost, hop: 'broker' }] });
  });

  test('leave each subscriber a budget of its own', async () => {
    const { ledger, commit, mint, put, queue } = reconcileWorld({ subscribers: ['payment', 'sales'] });
    for (const subscriber of ['payment', 'sales']) {
      for (let count = 0; count < 25; count++) {
        const id = commit(mint(OVERDUE));
        put(openKey(id, subscriber), caseOf(id, subscriber));
      }
    }
    const { deferred } = await heal(ledger, { graph: await readGraph(ledger), budget: 10 });
    expect([queue('payment').receive(100).length, queue('sales').receive(100).length, deferred]).toEqual([10, 10, 30]);
  });

  test('have their turns: none waits for more runs than its subscriber has cases for', () => {
    const counts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(counts, fc.integer({ min: 6, max: 40 }), (sizes, most) => {
        const cases = sizes.flatMap((size, index) =>
          Array.from({ length: size }, (_, count) => caseOf(`${index}-${count}`, `s${index}`, { next: count % 7 })),
        );
        const looks = new Map<string, number>();
        const next = new Map(cases.map((one) => [one.id, one.next]));
        const runs = Math.max(...sizes.map((size) => Math.ceil(size / Math.floor(most / sizes.length))));
        for (let run = 1; run <= runs; run++) {
          const left: Case[] = [];
          const due = new DueCases((one) => left.push(one));
          for (const one of cases) due.add({ ...one, next: next.get(one.id) ?? 0 });
          const chosen = due.inTurn(most);
          expect(chosen.length + left.length).toBe(cases.length);
          for (const { id } of chosen) {
            looks.set(id, (looks.get(id) ?? 0) + 1);
            next.set(id, 100 + run);
          }
        }
        expect(looks.size).toBe(cases.length);
      }),
      { numRuns: 50 },
    );
  });
});

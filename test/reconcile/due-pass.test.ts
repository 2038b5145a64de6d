import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { usageSince } from '../../lib/aws/invocation.ts';
import { readGraph } from '../../lib/ledger/graph.ts';
import { reconcileKey } from '../../lib/ledger/rows/cursor.ts';
import { runDuePass } from '../../lib/reconcile/due-pass.ts';
import { readRadar } from '../../lib/reconcile/radar-rows.ts';
import { DAY, delaying, HOUR, MINUTE } from './delaying-world.ts';
import { DEADLINE, NOW } from './reconcile-world.ts';

describe('the pass over due rows', () => {
  test('finds each message that has not ended once, whenever it is made and however often', {
    timeout: 60_000,
  }, async () => {
    const message = fc.record({
      delay: fc.integer({ min: 16 * MINUTE, max: HOUR }),
      ended: fc.constantFrom('both', 'one', 'none'),
    });
    const pauses = fc.array(fc.integer({ min: 1_000, max: 20 * MINUTE }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 12 }), pauses, async (messages, steps) => {
        const world = delaying({ subscribers: ['payment', 'sales'] });
        const pass = async () => runDuePass(world.ledger, { graph: await readGraph(world.ledger) });
        await pass();
        const open: string[] = [];
        for (const { delay, ended } of messages) {
          const moment = NOW + delay;
          const id = world.commit(world.mint(0), 'order.placed', world.at(moment));
          world.wait(id, moment);
          if (ended !== 'none') world.end(id, 'payment');
          if (ended === 'both') world.end(id, 'sales');
          if (ended === 'none') open.push(`${id} payment`);
          if (ended !== 'both') open.push(`${id} sales`);
        }
        for (const pause of steps) {
          world.clock.pass(pause);
          await pass();
        }
        world.clock.pass(Math.max(0, NOW + 2 * HOUR - world.clock.now()));
        for (let runs = 0; runs < 9; runs++) await pass();
        const cases = await world.cases();
        expect(cases.map(({ id, subscriber }) => `${id} ${subscriber}`).sort()).toEqual(open.sort());
      }),
      { numRuns: 40 },
    );
  });

  test('reads a hundred rows a call', async () => {
    const { run, commit, mint, at, wait, end, clock, environment } = delaying();
    await run();
    const moment = NOW + HOUR;
    for (let count = 0; count < 1_000; count++) {
      const id = commit(mint(0), 'order.placed', at(moment));
      wait(id, moment);
      end(id, 'payment');
    }
    clock.pass(HOUR + 2 * MINUTE);
    const before = structuredClone(environment.usage);
    // A run looks at fifteen minutes.
    for (let runs = 0; runs < 6; runs++) await run();
    const { calls } = usageSince(before, environment.usage);
    // For each of four shards ten outbox and ten inbox rows of a hundred at most, of which some are cut.
    expect(calls.BatchGetItem).toBeLessThanOrEqual(2 * (10 + 4));
    expect(calls.BatchGetItem).toBeGreaterThanOrEqual(20);
  });
});

test('reconciling a range looks at what came due in it, too, however long before it was committed', async () => {
  const { commit, mint, at, wait, end, reconcile } = delaying();
  const delayed = (age: number, moment: number) => {
    const id = commit(mint(age), 'order.placed', at(moment));
    wait(id, moment);
    return id;
  };
  const from = NOW - HOUR;
  const lost = delayed(3 * DAY, NOW - 10 * MINUTE);
  end(delayed(3 * DAY, NOW - 20 * MINUTE), 'payment');
  delayed(3 * DAY, NOW - 2 * HOUR);
  delayed(3 * DAY, NOW + 2 * HOUR);
  // Committed and due in the range: it is counted once.
  end(delayed(50 * MINUTE, NOW - 30 * MINUTE), 'payment');
  const { missing, lines } = await reconcile({ from, due: true });
  expect(missing).toMatchObject([{ id: lost, overdueMs: 9 * MINUTE }]);
  expect(lines).toEqual({ orders: { committed: 3, handled: 2, inFlight: 0, scheduled: 0, dead: 0 } });
  expect((await reconcile({ from })).lines).toMatchObject({ orders: { committed: 1, handled: 1 } });
});

test('the radar shows what became of a message that was delayed for days, once it was due', async () => {
  const { run, commit, mint, at, wait, end, put, clock, ledger } = delaying();
  await run();
  const moment = NOW + 3 * DAY;
  const id = commit(mint(0), 'order.placed', at(moment));
  wait(id, moment);
  const radar = async () => {
    const rows = await readRadar(ledger, ['orders'], { from: NOW - MINUTE, to: NOW + MINUTE });
    return rows.get('orders') ?? [];
  };
  clock.pass(DEADLINE + MINUTE);
  await run();
  expect(await radar()).toMatchObject([{ committed: 1, scheduled: 1, handled: 0 }]);

  // Three days later all passes have come by long ago.
  clock.pass(moment + DEADLINE - clock.now());
  end(id, 'payment');
  for (const pass of ['due', 'settled', 'day']) {
    put(reconcileKey(pass), { upTo: clock.now() - DAY - 2 * MINUTE, minute: '', lines: {} });
  }
  put(reconcileKey('moments'), { upTo: clock.now() - 2 * MINUTE });
  await run();
  expect(await radar()).toMatchObject([{ committed: 1, scheduled: 0, handled: 1 }]);
});

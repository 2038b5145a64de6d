import { describe, expect, test } from 'vitest';
import { operate } from '../../lib/circuit/operate.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { Rejected } from '../../lib/public/index.ts';
import { readRedrive, redrive } from '../../lib/public/operations.ts';
import { openOutage, ProviderDown, restingOutage, TakePayment } from './outage.ts';

type Outage = ReturnType<typeof openOutage>;

/** Lets time pass until the circuit is in a state. */
async function until(outage: Outage, state: string, seconds = 300): Promise<void> {
  for (let step = 0; step < seconds && (outage.circuit()?.state ?? 'closed') !== state; step++) {
    await outage.stack.advance('1s');
  }
  expect(outage.circuit()?.state ?? 'closed').toBe(state);
}

const inState = ({ runs }: Outage, state: string) => runs.filter((run) => run.state === state);

describe('an outage of a minute', () => {
  test('buries nothing: handlers stop within seconds, probes fail and then go well, and all is handled', async () => {
    const outage = openOutage();
    await outage.load(20, 3);
    outage.fail();
    const failedAt = outage.stack.now;
    await outage.load(20, 10);
    expect(outage.circuit()).toMatchObject({ state: 'open', by: 'breaker', reason: 'ProviderDown' });
    expect(outage.isOn()).toBe(false);
    expect(Math.max(...outage.runs.filter(({ failed }) => failed).map(({ at }) => at)) - failedAt).toBeLessThanOrEqual(
      5_000,
    );
    await outage.load(2, 50);
    outage.mend();
    await until(outage, 'closed');
    await outage.stack.advance('5m');
    expect([outage.ended('handled'), outage.ended('dead')]).toEqual([outage.published, 0]);
    expect(await outage.stack.deadLetters('take-payment')).toEqual([]);
    // One of them failed while the provider was out; three went well.
    expect(inState(outage, 'halfOpen').map(({ failed }) => failed)).toEqual([true, false, false, false]);
    expect(inState(outage, 'open')).toEqual([]);
    expect(outage.circuit()).not.toHaveProperty('ramp');
    expect([outage.isOn(), outage.stack.lambda?.concurrencyOf('take-payment-source-0')]).toEqual([true, 0]);
  });

  test.each(Array.from({ length: 5 }, (_, index) => index * 7))(
    'at 200 messages a second stops the handler within 5 s of the first failure (begun %i tenths into a span)',
    async (tenths) => {
      const outage = openOutage();
      await outage.load(200, 0.1 + tenths / 10);
      outage.fail();
      const failedAt = outage.stack.now;
      await outage.load(200, 6);
      const failed = outage.runs.filter((run) => run.failed);
      expect(failed.length).toBeGreaterThanOrEqual(10);
      expect(Math.max(...failed.map(({ at }) => at)) - failedAt).toBeLessThanOrEqual(5_000);
      expect(outage.circuit()?.state).toBe('open');
    },
  );

  test.each([4, 20])(
    'is told within 15 s where half of %i a second fail, with subscriber, hop and cause',
    async (rate) => {
      let fails = false;
      const outage = openOutage({
        handle: (orderId) => {
          if (fails && Number(orderId) % 2 === 0) throw new ProviderDown('the provider does not answer');
        },
      });
      await outage.load(rate, 12);
      fails = true;
      await outage.load(rate, 15);
      const { lines, counted } = outage.stack.environmentOf('take-payment');
      expect(lines.find(({ message }) => message === 'circuit opened')?.fields).toMatchObject({
        ...{ subscriber: 'take-payment', hop: 'consumer', reason: 'ProviderDown' },
      });
      expect(counted['circuit.opened']).toBe(1);
    },
  );

  test('stops the handler within 15 s though Lambda takes 30 s to switch an event source', async () => {
    const outage = openOutage({ sourceLag: () => 30_000 });
    await outage.load(50, 2);
    outage.fail();
    const failedAt = outage.stack.now;
    await outage.load(50, 20);
    expect(outage.isOn()).toBe(true);
    expect(Math.max(...outage.runs.filter(({ failed }) => failed).map(({ at }) => at)) - failedAt).toBeLessThanOrEqual(
      15_000,
    );
    outage.mend();
    await until(outage, 'closed');
    expect(inState(outage, 'halfOpen')).toHaveLength(3);
    await outage.stack.advance('10m');
    expect([outage.ended('handled'), outage.ended('dead')]).toEqual([outage.published, 0]);
  });

  test('lets as many handlers run while half-open as it was told, and not one more', async () => {
    for (const probes of [1, 4]) {
      const outage = openOutage({ breaker: { probes } });
      outage.fail();
      await outage.load(50, 3);
      outage.mend();
      await until(outage, 'closed');
      expect(inState(outage, 'halfOpen')).toHaveLength(probes);
    }
  });

  test('doubles its wait with each probe that fails, up to 15 minutes', async () => {
    const outage = openOutage();
    outage.fail();
    await outage.load(20, 2);
    const waits: number[] = [];
    for (let minute = 0; minute < 45; minute++) {
      await outage.stack.advance('1m');
      const { wait = 0 } = outage.circuit() ?? {};
      if (wait !== waits.at(-1)) waits.push(wait);
    }
    expect(waits).toEqual([60_000, 120_000, 240_000, 480_000, 900_000]);
    expect(outage.ended('dead')).toBe(0);
  });

  test('of a stream parks what is in hand, and switches both event sources off and on', async () => {
    const outage = openOutage({ stream: true });
    const on = () => [0, 1].map((index) => outage.stack.lambda?.isOn(`take-payment-source-${index}`));
    await outage.load(20, 2);
    outage.fail();
    await outage.load(20, 5);
    expect([outage.circuit()?.state, ...on()]).toEqual(['open', false, false]);
    outage.mend();
    await until(outage, 'closed');
    await outage.stack.advance('5m');
    expect([outage.ended('handled'), outage.ended('dead'), ...on()]).toEqual([outage.published, 0, true, true]);
  });
});

describe('a circuit stays closed', () => {
  test('while one message fails again and again: poison is no outage', async () => {
    const outage = openOutage({
      handle: (orderId) => {
        if (orderId === '7') throw new TypeError('poison');
      },
    });
    await outage.load(1, 60);
    await outage.stack.advance('2h');
    expect(outage.circuit()?.state ?? 'closed').toBe('closed');
    expect([outage.ended('handled'), outage.ended('dead')]).toEqual([59, 1]);
  });

  test('while less than its share of all fails', async () => {
    const outage = openOutage({
      handle: (orderId) => {
        if (Number(orderId) % 4 === 0 && outage.runs.filter((run) => run.orderId === orderId).length === 1)
          throw new Error('now and then');
      },
    });
    await outage.load(40, 10);
    expect(outage.circuit()?.state ?? 'closed').toBe('closed');
  });

  test('for what `trips` says no of, and for what is rejected', async () => {
    const rejecting = openOutage({
      handle: () => {
        throw new Rejected('closed for today');
      },
    });
    await rejecting.load(20, 2);
    const picky = openOutage({ consume: { trips: (error) => error instanceof RangeError } });
    picky.fail();
    await picky.load(20, 2);
    for (const { circuit } of [rejecting, picky]) expect(circuit()?.state ?? 'closed').toBe('closed');
  });

  test('and costs one read when an environment starts, and no call afterwards', async () => {
    const outage = openOutage();
    await outage.load(10, 1);
    const { usage } = outage.stack.environmentOf('take-payment');
    expect(usage.calls.GetItem).toBe(1);
    await outage.load(10, 5);
    expect(Object.keys(usage.calls).sort()).toEqual(['GetItem', 'PutItem']);
    expect([usage.calls.GetItem, usage.calls.PutItem]).toEqual([1, outage.published]);
    expect(outage.circuit()).toBeUndefined();
  });
});

describe('whatever else happens', () => {
  test('a deploy that switches the event source on does not defeat it', async () => {
    const outage = openOutage();
    outage.fail();
    await outage.load(20, 3);
    const runs = outage.runs.length;
    outage.stack.lambda?.update({ UUID: 'take-payment-source-0', Enabled: true });
    await outage.load(20, 5);
    expect(outage.runs).toHaveLength(runs);
    await outage.stack.advance('90s');
    expect(outage.isOn()).toBe(false);
    expect(outage.ended('dead')).toBe(0);
  });

  test('a control message that is lost is sent again by whoever sees that nobody probes', async () => {
    let lost = false;
    const outage = openOutage({
      wire: async ({ operation, input, from }, apply) => {
        const { QueueUrl } = input as { readonly QueueUrl?: string };
        if (lost || from !== 'take-payment' || operation !== 'SendMessageBatch' || !QueueUrl?.endsWith('controller'))
          return apply();
        lost = true;
        return { Successful: [{ Id: '0' }] };
      },
    });
    outage.fail();
    await outage.load(20, 3);
    expect([lost, outage.circuit()?.state, outage.isOn()]).toEqual([true, 'open', true]);
    outage.mend();
    await until(outage, 'closed', 600);
    await outage.stack.advance('10m');
    expect([outage.ended('handled'), outage.ended('dead')]).toEqual([outage.published, 0]);
  });

  test('a controller that dies at a call goes on where it stopped, and never probes more than it may', async () => {
    for (const dies of [0, 3, 6, 9, 12, 15, 18]) {
      let calls = 0;
      const outage = openOutage({
        wire: async ({ from }, apply) => {
          if (from === 'controller' && calls++ === dies) throw new Error('killed');
          return apply();
        },
      });
      outage.fail();
      await outage.load(20, 3);
      outage.mend();
      await until(outage, 'closed', 1_800);
      await outage.stack.advance('30m');
      expect([dies, outage.ended('handled'), outage.ended('dead')]).toEqual([dies, outage.published, 0]);
      expect(inState(outage, 'halfOpen').length).toBeLessThanOrEqual(6);
    }
  });

  test('a relapse while it takes on its load opens it for twice as long', async () => {
    const outage = openOutage();
    outage.fail();
    await outage.load(20, 3);
    outage.mend();
    await until(outage, 'closed');
    outage.fail();
    await outage.load(20, 5);
    expect(outage.circuit()).toMatchObject({ state: 'open', wait: 60_000 });
  });

  test('closes where fewer messages are left than it takes to open it: what fails of them is poison, and dies', async () => {
    const outage = openOutage({
      breaker: { failures: 4 },
      handle: (orderId) => {
        if (Number(orderId) <= 3) throw new TypeError('poison');
      },
    });
    outage.fail();
    await outage.load(4, 1);
    await until(outage, 'open');
    outage.mend();
    await until(outage, 'closed', 3_600);
    expect(outage.circuit()).not.toHaveProperty('ramp');
    await outage.stack.advance('3h');
    expect(outage.circuit()?.state).toBe('closed');
    expect([outage.ended('handled'), outage.ended('dead')]).toEqual([1, 3]);
  });

  test('closes where nothing is left, and where all rest it is looked at once a minute in the end', async () => {
    const looks = ({ stack }: Outage) => stack.environmentOf('controller').counted['controller.probe-empty'] ?? 0;
    const emptied = openOutage({ breaker: { failures: 3 }, retention: '5m' });
    emptied.fail();
    await emptied.load(3, 1);
    await until(emptied, 'open');
    await until(emptied, 'closed', 1_800);
    expect([emptied.ended('handled'), looks(emptied), emptied.isOn()]).toEqual([0, 2, true]);

    const resting = await restingOutage();
    await resting.stack.advance('14m');
    expect([resting.circuit()?.state, resting.ended('handled')]).toEqual(['halfOpen', 3]);
    expect(looks(resting)).toBeLessThanOrEqual(20);
    await resting.stack.advance('5m');
    expect([resting.circuit()?.state, resting.ended('handled')]).toEqual(['closed', 15]);
  });

  test('reconciliation tells paused from missing, and sends nothing into an open circuit', async () => {
    const outage = openOutage();
    outage.fail();
    await outage.load(20, 3);
    await outage.stack.advance('20m');
    const { counted } = outage.stack.environmentOf('reconciler');
    expect([counted['reconciler.missing'] ?? 0, counted['reconciler.resent'] ?? 0]).toEqual([0, 0]);
  });
});

test('a redrive waits while the circuit is open, sends nothing, and goes on once it has closed', async () => {
  const refused = new Set(['1', '2', '3']);
  const outage = openOutage({
    handle: (orderId) => {
      if (refused.has(orderId)) throw new Rejected('no such card');
    },
  });
  await outage.load(1, 3);
  expect(outage.ended('dead')).toBe(3);
  refused.clear();
  outage.fail();
  await outage.load(20, 2);
  expect(outage.circuit()?.state).toBe('open');
  const runs = outage.runs.length;
  const place = { environment: outage.environment };
  const { operation } = await redrive(TakePayment, place);
  await outage.stack.advance('25s');
  expect(await readRedrive(operation, place)).toMatchObject({
    ...{ state: 'canary', sent: 0 },
    waits: expect.stringContaining('paused: its circuit is open (ProviderDown)'),
  });
  expect(outage.runs).toHaveLength(runs);
  outage.mend();
  await outage.stack.advance('5m');
  expect(await readRedrive(operation, place)).toMatchObject({ state: 'done', sent: 3, handled: 3 });
  expect([outage.ended('handled'), outage.ended('dead')]).toEqual([outage.published, 0]);
});

describe('an operator', () => {
  const asked = async (outage: Outage, operation: 'pause' | 'resume' | 'probe') => {
    const url = outage.stack.queues.get('controller')?.url ?? '';
    await operate(ledgerOf(outage.environment), 'take-payment', operation, url);
    await outage.stack.advance('5s');
  };

  test('pauses a subscriber: nothing runs, nothing is buried, and `resume` has it go on', async () => {
    const outage = openOutage();
    await outage.load(10, 2);
    await asked(outage, 'pause');
    const runs = outage.runs.length;
    await outage.load(10, 3);
    await outage.stack.advance('2h');
    expect([outage.runs.length, outage.isOn()]).toEqual([runs, false]);
    await asked(outage, 'resume');
    await outage.stack.advance('5m');
    expect([outage.ended('handled'), outage.ended('dead'), outage.isOn()]).toEqual([outage.published, 0, true]);
  });

  test('is told when a pause has lasted until a day, or half of the time, before what waits is gone', async () => {
    const outage = openOutage({ retention: '2h' });
    const told = () => outage.stack.environmentOf('controller').counted['controller.overdue'] ?? 0;
    await asked(outage, 'pause');
    await outage.stack.advance('55m');
    expect(told()).toBe(0);
    await outage.stack.advance('10m');
    expect(told()).toBeGreaterThan(3);
    await asked(outage, 'resume');
    await outage.stack.advance('2m');
    const before = told();
    await outage.stack.advance('1h');
    expect(told()).toBe(before);
  });

  test('is told so of a circuit that probes cannot close, however often it opens again', async () => {
    const outage = openOutage({ retention: '2h' });
    outage.fail();
    await outage.load(20, 2);
    await outage.stack.advance('70m');
    expect(outage.stack.environmentOf('controller').counted['controller.overdue']).toBeGreaterThan(0);
  });

  test('probes an open circuit before its time', async () => {
    const outage = openOutage({ breaker: { open: 900_000 } });
    outage.fail();
    await outage.load(20, 3);
    outage.mend();
    await outage.stack.advance('30s');
    expect(outage.circuit()?.state).toBe('open');
    await asked(outage, 'probe');
    await until(outage, 'closed', 30);
  });
});

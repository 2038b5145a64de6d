import { describe, expect, it } from 'vitest';
import { cancel } from '../../lib/cancel/cancel.ts';
import { consume } from '../../lib/consume/consume.ts';
import { publish } from '../../lib/publish/publish.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import type { StackWire } from '../../lib/testing/stack/options.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';
import { Charge, chargeBy, ORDER, OrderPlaced, Payments, Provider, TakePayment, takePayment } from './payments.ts';

/** A subscriber that takes payments, deployed in memory. */
function deployed(handler: ReturnType<typeof takePayment>, wire?: StackWire) {
  const stack = new MemoryStack({
    subscribers: [TakePayment],
    handlers: { 'take-payment': handler },
    timeout: '10s',
    // Also where a function that hangs is all that anybody waits for.
    clock: new VirtualClock({ now: Date.UTC(2026, 0, 1), jumps: 'to-watchdogs' }),
    ...(wire && { wire }),
  });
  return {
    stack,
    environment: stack.environment(),
    place: async () => (await publish(OrderPlaced, ORDER, { environment: stack.environment() })).id,
  };
}

/** A request that its sender does not live to see answered. */
const never = () => new Promise<never>(() => undefined);

describe('a function that is killed', () => {
  it('after its request and before it has written the answer down leaves one charge', async () => {
    const provider = new Provider();
    let kills = 1;
    const { stack, place } = deployed(
      takePayment(
        chargeBy(provider, {
          run: ({ cents }, { key }) => {
            const charge = provider.charge(key, cents);
            return kills-- > 0 ? never() : charge;
          },
        }),
      ),
    );
    await place();
    await stack.advance('30m');
    expect(provider.charges).toHaveLength(1);
    expect(stack.rows(Payments)).toEqual([{ orderId: '1', chargeId: 'charge-1' }]);
  });

  it('before its request reaches the service is followed by another run, after the service was asked', async () => {
    const provider = new Provider();
    let kills = 1;
    const { stack, place } = deployed(
      takePayment(
        chargeBy(provider, {
          run: ({ cents }, { key }) => (kills-- > 0 ? never() : provider.charge(key, cents)),
        }),
      ),
    );
    await place();
    await stack.advance('30m');
    expect(provider.asked).toEqual(['find', 'charge']);
    expect(stack.rows(Payments)).toHaveLength(1);
  });

  it('leaves one charge though the service acts on its request only later', async () => {
    const provider = new Provider();
    let kills = 1;
    const { stack, place } = deployed(
      takePayment(
        chargeBy(provider, {
          run: ({ cents }, { key }) => {
            if (kills-- <= 0) return provider.charge(key, cents);
            void stack.clock.sleep(65_000).then(() => provider.charge(key, cents));
            return never();
          },
        }),
      ),
    );
    await place();
    await stack.advance('30m');
    expect(provider.charges).toHaveLength(1);
    expect(stack.rows(Payments)).toHaveLength(1);
  });
});

describe('writes whose replies are lost', () => {
  it.each([1, 2, 3])('leave one charge, whichever of them it is: %i', async (which) => {
    const provider = new Provider();
    let writes = 0;
    const { stack, place } = deployed(takePayment(chargeBy(provider)), async (request, apply) => {
      const answer = apply();
      const isWrite = request.from === 'take-payment' && /^(Update|Put|Transact)/.test(request.operation);
      if (isWrite && ++writes === which)
        throw Object.assign(new Error('timeout'), { name: 'TimeoutError', $metadata: {} });
      return answer;
    });
    await place();
    await stack.advance('30m');
    expect(writes).toBeGreaterThanOrEqual(which);
    expect(provider.charges).toHaveLength(1);
    expect(stack.rows(Payments)).toHaveLength(1);
  });
});

describe('a message that is cancelled', () => {
  it('begins no effect any more', async () => {
    const provider = new Provider();
    const { stack, environment, place } = deployed(takePayment(chargeBy(provider)));
    const id = await place();
    expect(await cancel(id, { environment })).toEqual({ cancelled: true, id });
    await stack.advance('5m');
    expect(provider.asked).toEqual([]);
    expect(stack.rows(Payments)).toEqual([]);
  });

  it('begins none in a handler that is running already', async () => {
    const provider = new Provider();
    const { stack, environment, place } = deployed(
      takePayment(chargeBy(provider), undefined, async () => {
        expect(await cancel(id, { environment })).toEqual({ cancelled: true, id });
      }),
    );
    const id = await place();
    await stack.advance('5m');
    expect(provider.asked).toEqual([]);
    expect(stack.rows(Payments)).toEqual([]);
    expect(await stack.deadLetters('take-payment')).toEqual([]);
  });

  it('goes on where its effect has begun', async () => {
    const provider = new Provider();
    let answer: unknown;
    const { stack, environment, place } = deployed(
      takePayment(chargeBy(provider), undefined, undefined, async () => {
        answer = await cancel(id, { environment });
      }),
    );
    const id = await place();
    await stack.advance('5m');
    expect(answer).toEqual({ cancelled: false, id, ended: { 'take-payment': 'begun' } });
    expect(provider.charges).toHaveLength(1);
    expect(stack.rows(Payments)).toHaveLength(1);
  });

  it('goes on also where the effect has a key of its own', async () => {
    const provider = new Provider();
    let answer: unknown;
    const { stack, environment, place } = deployed(
      takePayment(chargeBy(provider, { key: '1_1' }), undefined, undefined, async () => {
        answer = await cancel(id, { environment });
      }),
    );
    const id = await place();
    await stack.advance('5m');
    expect(answer).toMatchObject({ cancelled: false });
    expect(stack.rows(Payments)).toHaveLength(1);
  });
});

describe('a second message for the same payment', () => {
  it.each([
    ['gets the answer of the first in place', 1_000, 1],
    ['comes again where that takes longer than 2 s', 6_000, 2],
  ] as const)('%s', async (_, takes, deliveries) => {
    const provider = new Provider();
    const waits: number[] = [];
    const begun: number[] = [];
    const call = chargeBy(provider, {
      key: '1_1',
      run: async ({ cents }, { key }) => {
        await stack.clock.sleep(takes);
        return provider.charge(key, cents);
      },
    });
    const handler = consume(TakePayment, async (order, { tx, message }) => {
      const began = stack.now;
      begun.push(began);
      const charge = await message.effect(Charge, order, call).finally(() => waits.push(stack.now - began));
      tx.put(Payments, { orderId: message.id, chargeId: charge.id });
    });
    const { stack, place } = deployed(handler);
    await Promise.all([place(), place()]);
    await stack.advance('30m');
    expect(provider.charges).toHaveLength(1);
    expect(stack.rows(Payments).map(({ chargeId }) => chargeId)).toEqual(['charge-1', 'charge-1']);
    expect(begun).toHaveLength(1 + deliveries);
    // The first one's own run aside, nobody waits for longer than the lock is waited for.
    const others = waits.filter((wait) => wait < takes || deliveries === 1);
    expect(Math.max(...others)).toBeLessThanOrEqual(deliveries === 1 ? takes + 1_000 : 2_000);
  });
});

describe('the cost of an effect', () => {
  it.each([
    ['whose service is asked', {}, { UpdateItem: 2 }, 2],
    ['with a key of its own', { key: '1_1' }, { UpdateItem: 3 }, 3],
  ] as const)('%s is counted', async (_, given, calls, units) => {
    const costOf = async (handler: ReturnType<typeof takePayment>) => {
      const { stack, place } = deployed(handler);
      await place();
      await stack.settle();
      const { usage } = stack.environmentOf('take-payment');
      return { calls: { ...usage.calls }, writeUnits: usage.writeUnits };
    };
    const without = await costOf(takePayment(undefined));
    const withEffect = await costOf(takePayment(chargeBy(new Provider(), given)));
    expect(withEffect).toEqual({
      calls: { ...without.calls, ...calls },
      writeUnits: without.writeUnits + units,
    });
  });
});

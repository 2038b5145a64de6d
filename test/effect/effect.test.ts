import { describe, expect, it } from 'vitest';
import { consume } from '../../lib/consume/consume.ts';
import { NotDone } from '../../lib/contract/errors.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { notDone, unknown } from '../../lib/effect/answer.ts';
import { testLedger } from '../../lib/testing/test-ledger.ts';
import {
  Charge,
  chargeBy,
  KeptCharge,
  ORDER,
  OrderPlaced,
  Payments,
  Provider,
  TakePayment,
  takePayment,
} from './payments.ts';

/** Longer than an invocation, the time to settle and the difference of clocks together. */
const SETTLED = '10m';

describe('an effect outside', () => {
  it('is done once, and its result kept for every later run of the handler', async () => {
    const provider = new Provider();
    let failures = 1;
    const handler = takePayment(chargeBy(provider), () => {
      if (failures-- > 0) throw new Error('after the effect');
    });
    const shop = testLedger();
    const { id, outcome } = await shop.deliver(handler, OrderPlaced, ORDER);
    expect(outcome).toBe('retried');
    expect(shop.rows(Payments)).toEqual([]);

    expect(await shop.redeliver(handler, id)).toMatchObject({ outcome: 'handled' });
    expect(provider.asked).toEqual(['charge']);
    expect(shop.rows(Payments)).toEqual([{ orderId: '1', chargeId: 'charge-1' }]);
  });

  it('is asked for before it is run again, where its reply was lost', async () => {
    const provider = new Provider();
    let lost = 1;
    const call = chargeBy(provider, {
      run: ({ cents }, { key }) => {
        const charge = provider.charge(key, cents);
        if (lost-- > 0) throw new Error('socket hang up');
        return charge;
      },
    });
    const handler = takePayment(call);
    const shop = testLedger();
    const { id } = await shop.deliver(handler, OrderPlaced, ORDER);
    // The provider may still act on what it was asked for: nobody asks yet.
    expect(await shop.redeliver(handler, id)).toMatchObject({ outcome: 'retried', reason: 'effect-in-progress' });
    expect(provider.asked).toEqual(['charge']);

    shop.advance(SETTLED);
    expect(await shop.redeliver(handler, id)).toMatchObject({ outcome: 'handled' });
    expect(provider.asked).toEqual(['charge', 'find']);
    expect(shop.rows(Payments)).toEqual([{ orderId: '1', chargeId: 'charge-1' }]);
  });

  it('is run again where the service says that it was not done', async () => {
    const provider = new Provider();
    let lost = 1;
    const call = chargeBy(provider, {
      run: ({ cents }, { key }) => {
        if (lost-- > 0) throw new Error('connection refused');
        return provider.charge(key, cents);
      },
    });
    const shop = testLedger();
    const { id } = await shop.deliver(takePayment(call), OrderPlaced, ORDER);
    shop.advance(SETTLED);
    expect(await shop.redeliver(takePayment(call), id)).toMatchObject({ outcome: 'handled' });
    expect(provider.asked).toEqual(['find', 'charge']);
  });

  it('is run again at once where it says itself that it was not done', async () => {
    const provider = new Provider();
    let refused = 1;
    const call = chargeBy(provider, {
      run: ({ cents }, { key }) => {
        if (refused-- > 0) throw new NotDone('busy');
        return provider.charge(key, cents);
      },
    });
    const shop = testLedger();
    const { id, reason } = await shop.deliver(takePayment(call), OrderPlaced, ORDER);
    expect(reason).toBe('effect-not-done');
    expect(await shop.redeliver(takePayment(call), id)).toMatchObject({ outcome: 'handled' });
    expect(provider.asked).toEqual(['charge']);
  });

  it('that nobody can tell of ends its message as dead, which says so', async () => {
    const provider = new Provider();
    const call = chargeBy(provider, {
      run: () => {
        throw new Error('socket hang up');
      },
      verify: () => unknown(),
    });
    const shop = testLedger();
    const handler = takePayment(call);
    const { id } = await shop.deliver(handler, OrderPlaced, ORDER);
    shop.advance(SETTLED);
    let last = await shop.redeliver(handler, id);
    for (let tries = 0; last.outcome === 'retried' && tries < 100; tries++) {
      shop.advance('1h');
      last = await shop.redeliver(handler, id);
    }
    expect(last).toMatchObject({ outcome: 'deadLettered', reason: 'effect-unknown' });
    expect(shop.rows(Payments)).toEqual([]);
  });

  it('is not done for another input than it was begun for', async () => {
    const provider = new Provider();
    let cents = 250;
    const handler = consume(TakePayment, async (order, { message }) => {
      await message.effect(Charge, { ...order, cents }, chargeBy(provider));
      throw new Error('after the effect');
    });
    const shop = testLedger();
    const { id } = await shop.deliver(handler, OrderPlaced, ORDER);
    cents = 260;
    expect(await shop.redeliver(handler, id)).toMatchObject({
      outcome: 'deadLettered',
      reason: 'effect-input-changed',
    });
    expect(provider.charges).toHaveLength(1);
  });

  it('is the same whatever the order of the fields that it is asked for', async () => {
    const provider = new Provider();
    let turned = false;
    const handler = consume(TakePayment, async ({ orderId, cents }, { message }) => {
      await message.effect(Charge, turned ? { cents, orderId } : { orderId, cents }, chargeBy(provider));
      if (!turned) throw new Error('after the effect');
    });
    const shop = testLedger();
    const { id } = await shop.deliver(handler, OrderPlaced, ORDER);
    turned = true;
    expect(await shop.redeliver(handler, id)).toMatchObject({ outcome: 'handled' });
    expect(provider.asked).toEqual(['charge']);
  });

  it('of which nobody knows keeps its handler from committing, though the handler catches the error', async () => {
    const provider = new Provider();
    const call = chargeBy(provider, {
      run: () => {
        throw new Error('socket hang up');
      },
    });
    const handler = consume(TakePayment, async (order, { tx, message }) => {
      const charge = await message.effect(Charge, order, call).catch(() => ({ id: 'none' }));
      tx.put(Payments, { orderId: order.orderId, chargeId: charge.id });
    });
    const shop = testLedger();
    expect(await shop.deliver(handler, OrderPlaced, ORDER)).toMatchObject({ outcome: 'retried', writes: [] });
  });

  it('that was surely not done may be done without', async () => {
    const call = chargeBy(new Provider(), {
      run: () => {
        throw new NotDone('the card was declined');
      },
    });
    const handler = consume(TakePayment, async (order, { tx, message }) => {
      const charge = await message.effect(Charge, order, call).catch(() => ({ id: 'declined' }));
      tx.put(Payments, { orderId: order.orderId, chargeId: charge.id });
    });
    const shop = testLedger();
    expect(await shop.deliver(handler, OrderPlaced, ORDER)).toMatchObject({ outcome: 'handled' });
    expect(shop.rows(Payments)).toEqual([{ orderId: '1', chargeId: 'declined' }]);
  });

  it('with a key of its own is done once for all messages that have it', async () => {
    const provider = new Provider();
    const handler = takePayment(chargeBy(provider, { key: '1_1' }));
    const shop = testLedger();
    await shop.deliver(handler, OrderPlaced, ORDER);
    expect(await shop.deliver(handler, OrderPlaced, ORDER)).toMatchObject({ outcome: 'handled' });
    expect(provider.charges).toEqual([{ key: '1_1', cents: 250 }]);
  });

  it('has the same key at every run, and another for each subscriber, message and part', async () => {
    const keys: string[] = [];
    const call = (part?: string) =>
      chargeBy(new Provider(), {
        ...(part && { part }),
        run: (_, { key }) => {
          keys.push(key);
          throw new NotDone('busy');
        },
      });
    const first = takePayment(call());
    const parts = takePayment(call('line-1'));
    const Other = defineSubscriber('other', { consumes: [OrderPlaced], effects: [Charge] });
    const other = consume(Other, async (order, { message }) => void (await message.effect(Charge, order, call())));
    const shop = testLedger();
    const { id } = await shop.deliver(first, OrderPlaced, ORDER);
    await shop.redeliver(first, id);
    await shop.redeliver(parts, id);
    await shop.redeliver(other, id);
    await shop.deliver(first, OrderPlaced, ORDER);
    expect(keys[0]).toBe(keys[1]);
    expect(new Set(keys).size).toBe(4);
  });
});

describe('an effect at a service that keeps keys', () => {
  const keptBy = (provider: Provider, failures: number) => {
    let left = failures;
    return consume(TakePayment, async (order, { tx, message }) => {
      const charge = await message.effect(KeptCharge, order, {
        run: ({ cents }, { key }) => {
          const taken = provider.chargeOnce(key, cents);
          if (left-- > 0) throw new Error('socket hang up');
          return taken;
        },
      });
      tx.put(Payments, { orderId: order.orderId, chargeId: charge.id });
    });
  };

  it('is asked for again by the same key', async () => {
    const provider = new Provider();
    const handler = keptBy(provider, 2);
    const shop = testLedger();
    const { id } = await shop.deliver(handler, OrderPlaced, ORDER);
    await shop.redeliver(handler, id);
    expect(await shop.redeliver(handler, id)).toMatchObject({ outcome: 'handled' });
    expect(provider.charges).toHaveLength(1);
    expect(shop.rows(Payments)).toEqual([{ orderId: '1', chargeId: 'charge-1' }]);
  });

  it('is not asked for again once the service may have forgotten the key', async () => {
    const provider = new Provider();
    const handler = keptBy(provider, 1);
    const shop = testLedger();
    const { id } = await shop.deliver(handler, OrderPlaced, ORDER);
    shop.advance('24h');
    expect(await shop.redeliver(handler, id)).toMatchObject({ outcome: 'deadLettered', reason: 'effect-unknown' });
    expect(provider.charges).toHaveLength(1);
  });

  it('is tried for the first time however late its message comes', async () => {
    const provider = new Provider();
    let first = true;
    const kept = keptBy(provider, 0);
    const late = consume(TakePayment, () => {
      if (first) throw new Error('before the effect');
    });
    const shop = testLedger();
    const { id } = await shop.deliver(late, OrderPlaced, ORDER);
    first = false;
    shop.advance('3d');
    expect(await shop.redeliver(kept, id)).toMatchObject({ outcome: 'handled' });
    expect(provider.charges).toHaveLength(1);
  });
});

describe('a call of an effect', () => {
  const misused = async (handle: Parameters<typeof consume<typeof TakePayment>>[1]) => {
    const { outcome, reason, detail } = await testLedger().deliver(consume(TakePayment, handle), OrderPlaced, ORDER);
    expect({ outcome, reason }).toEqual({ outcome: 'retried', reason: 'transaction-misused' });
    return detail;
  };
  const provider = new Provider();

  it('that the handler does not wait for keeps it from committing', async () => {
    const detail = await misused((order, { message }) => {
      message.effect(Charge, order, chargeBy(provider)).catch(() => undefined);
    });
    expect(detail).toContain('await each `message.effect`');
  });

  it('twice for one message needs parts', async () => {
    const detail = await misused(async (order, { message }) => {
      await message.effect(Charge, order, chargeBy(provider));
      await message.effect(Charge, order, chargeBy(provider));
    });
    expect(detail).toContain('give each call a `part`');
    const twice = consume(TakePayment, async (order, { message }) => {
      await message.effect(Charge, order, chargeBy(provider, { part: '1' }));
      await message.effect(Charge, order, chargeBy(provider, { part: '2' }));
    });
    expect(await testLedger().deliver(twice, OrderPlaced, ORDER)).toMatchObject({ outcome: 'handled' });
  });

  it('is of an effect that the subscriber declares', async () => {
    const Plain = defineSubscriber('plain', { consumes: [OrderPlaced] });
    const handler = consume(Plain, async (order, { message }) => {
      // @ts-expect-error it declares none
      await message.effect(Charge, order, chargeBy(provider));
    });
    const { detail } = await testLedger().deliver(handler, OrderPlaced, ORDER);
    expect(detail).toContain('add it to its `effects`');
  });

  it('has `verify` exactly where the service keeps no keys', async () => {
    const { run, verify, settle } = chargeBy(provider);
    const without = await misused(async (order, { message }) => {
      // @ts-expect-error nothing is known of a charge whose reply is lost
      await message.effect(Charge, order, { run });
    });
    expect(without).toContain('needs `verify` and `settle`');
    const both = await misused(async (order, { message }) => {
      // @ts-expect-error the provider keeps keys
      await message.effect(KeptCharge, order, { run, verify, settle });
    });
    expect(both).toContain('leave them out');
  });

  it('takes an input that satisfies its schema, and an answer that does', async () => {
    const handler = consume(TakePayment, async (order, { message }) => {
      await message.effect(Charge, { ...order, cents: 1.5 }, chargeBy(provider));
    });
    expect(await testLedger().deliver(handler, OrderPlaced, ORDER)).toMatchObject({ reason: 'invalid-payload' });
    const long = takePayment(chargeBy(provider, { run: () => ({ id: 'x'.repeat(70_000) }) }));
    expect(await testLedger().deliver(long, OrderPlaced, ORDER)).toMatchObject({ reason: 'limit-exceeded' });
  });

  it('does not begin where too little time remains', async () => {
    const late = new Provider();
    const { outcome, reason } = await testLedger().deliver(takePayment(chargeBy(late)), OrderPlaced, ORDER, {
      timeout: '1s',
    });
    expect({ outcome, reason }).toEqual({ outcome: 'retried', reason: 'effect-in-progress' });
    expect(late.asked).toEqual([]);
  });

  it('whose service says notDone for ever is run as often as attempts are left', async () => {
    const never = new Provider();
    const call = chargeBy(never, {
      run: () => {
        throw new Error('connection refused');
      },
      verify: () => notDone(),
    });
    const shop = testLedger();
    let last = await shop.deliver(takePayment(call), OrderPlaced, ORDER);
    for (let tries = 0; last.outcome === 'retried' && tries < 100; tries++) {
      shop.advance('1h');
      last = await shop.redeliver(takePayment(call), last.id);
    }
    expect(last).toMatchObject({ outcome: 'deadLettered', reason: 'attempts-exhausted' });
  });
});

import { expect, test } from 'vitest';
import { consume } from '../../lib/consume/consume.ts';
import { NotDone } from '../../lib/contract/errors.ts';
import { defineSubscriber, type SubscriberDefinition } from '../../lib/contract/subscriber.ts';
import { done, notDone } from '../../lib/effect/answer.ts';
import { publish } from '../../lib/publish/publish.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import { Charge, OrderPlaced, Payments, Provider } from './payments.ts';

const subscribed = { consumes: [OrderPlaced], tables: [Payments], effects: [Charge] } as const;
/** Gives a message up after 48 minutes. */
const Usual = defineSubscriber('take-payment', subscribed);
/** Tries a message for two days. */
const Patient = defineSubscriber('take-payment', { ...subscribed, retry: { attempts: 50, longest: '1h' } });

const unreachable = () => new Error('connect ECONNREFUSED');
const refusing = () => new NotDone('503');

test.each([
  ['answers nothing for a day, with a breaker', Usual, unreachable, '100ms', { 'take-payment': { failures: 4 } }, 24],
  [
    'says for hours that it does nothing, with a breaker',
    Usual,
    refusing,
    '100ms',
    { 'take-payment': { failures: 4 } },
    2,
  ],
  ['answers nothing for a day, and few ask it, with a `retry` that lasts', Patient, unreachable, '4h', {}, 24],
] as const)(
  'a provider that is out and %s: nothing is buried, and each order is charged once',
  async (_, definition, error, apart, breakers, hours) => {
    const provider = new Provider();
    let isOut = true;
    const refuseWhileOut = () => {
      if (isOut) throw error();
    };
    const handler = consume(definition, async (order, { tx, message }) => {
      const charge = await message.effect(Charge, order, {
        run: ({ cents }, { key }) => {
          refuseWhileOut();
          return provider.charge(key, cents);
        },
        verify: (__, { key }) => {
          refuseWhileOut();
          const found = provider.find(key);
          return found ? done(found) : notDone();
        },
        settle: '60s',
      });
      tx.put(Payments, { orderId: order.orderId, chargeId: charge.id });
    });
    const subscribers: readonly SubscriberDefinition[] = [definition];
    const stack = new MemoryStack({ subscribers, handlers: { 'take-payment': handler }, breakers, shards: 1 });
    const environment = stack.environment();
    const orders = 6;
    const until = stack.now + hours * 3_600_000;
    for (let order = 1; order <= orders; order++) {
      await publish(OrderPlaced, { orderId: String(order), cents: 250 }, { environment });
      await stack.advance(apart);
    }
    await stack.advance(`${Math.max(1, until - stack.now)}ms`);
    expect(stack.rows(Payments)).toEqual([]);
    expect(await stack.deadLetters('take-payment')).toEqual([]);

    isOut = false;
    await stack.advance('2h');
    expect(await stack.deadLetters('take-payment')).toEqual([]);
    expect(stack.rows(Payments)).toHaveLength(orders);
    expect(new Set(provider.charges.map(({ key }) => key)).size).toBe(orders);
    expect(provider.charges).toHaveLength(orders);
  },
);

import { z } from 'zod';
import { consume, type HandlerContext } from '../../lib/consume/consume.ts';
import { defineEffect } from '../../lib/contract/effect.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { done, notDone } from '../../lib/effect/answer.ts';
import type { VerifiedCall } from '../../lib/effect/call.ts';

export const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), cents: z.int() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});
export const Charge = defineEffect('charge', {
  input: z.object({ orderId: z.string(), cents: z.int() }),
  output: z.object({ id: z.string() }),
});
/** The same at a provider that keeps keys for a day. */
export const KeptCharge = defineEffect('kept-charge', {
  input: z.object({ orderId: z.string(), cents: z.int() }),
  output: z.object({ id: z.string() }),
  idempotentFor: '24h',
});
export const Payments = defineTable('payments', {
  item: z.object({ orderId: z.string(), chargeId: z.string() }),
  partitionKey: 'orderId',
});
export const TakePayment = defineSubscriber('take-payment', {
  consumes: [OrderPlaced],
  tables: [Payments],
  effects: [Charge, KeptCharge],
});

export const ORDER = { orderId: '1', cents: 250 };

type Order = typeof ORDER;
type Context = HandlerContext<typeof TakePayment, 'order.placed'>;

/** A provider's own book, and what it was asked. */
export class Provider {
  readonly charges: { readonly key: string; readonly cents: number }[] = [];
  readonly asked: string[] = [];

  charge(key: string, cents: number): { readonly id: string } {
    this.asked.push('charge');
    this.charges.push({ key, cents });
    return { id: `charge-${this.charges.length}` };
  }

  /** As a provider does that keeps keys. */
  chargeOnce(key: string, cents: number): { readonly id: string } {
    const index = this.charges.findIndex((charge) => charge.key === key);
    return index === -1 ? this.charge(key, cents) : { id: `charge-${index + 1}` };
  }

  find(key: string): { readonly id: string } | undefined {
    this.asked.push('find');
    const index = this.charges.findIndex((charge) => charge.key === key);
    return index === -1 ? undefined : { id: `charge-${index + 1}` };
  }
}

/** How a charge is taken, unless a test says otherwise. */
export function chargeBy(provider: Provider, given: Partial<VerifiedCall<typeof Charge>> = {}) {
  return {
    run: ({ cents }, { key }) => provider.charge(key, cents),
    verify: (_, { key }) => {
      const found = provider.find(key);
      return found ? done(found) : notDone();
    },
    settle: '60s',
    ...given,
  } satisfies VerifiedCall<typeof Charge>;
}

/**
 * A handler that takes one payment and writes it down.
 *
 * @param call how; without it, no effect is called
 */
export function takePayment(
  call: VerifiedCall<typeof Charge> | undefined,
  then: (order: Order, context: Context) => void = () => undefined,
  before: () => Promise<void> = async () => undefined,
  after: () => Promise<void> = async () => undefined,
) {
  return consume(TakePayment, async (order, context) => {
    await before();
    const charge = call ? await context.message.effect(Charge, order, call) : { id: 'none' };
    await after();
    then(order, context);
    context.tx.put(Payments, { orderId: order.orderId, chargeId: charge.id });
  });
}

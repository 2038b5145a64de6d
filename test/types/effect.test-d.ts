import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { defineEffect } from '../../lib/contract/effect.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { consume, done, effect, notDone } from '../../lib/public/runtime.ts';

const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), cents: z.int() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});
const request = { input: z.object({ cents: z.int() }), output: z.object({ id: z.string() }) };
const Charge = defineEffect('charge', request);
const KeptCharge = defineEffect('kept-charge', { ...request, idempotentFor: '24h' });
const Refund = defineEffect('refund', request);
const TakePayment = defineSubscriber('take-payment', { consumes: [OrderPlaced], effects: [Charge, KeptCharge] });

const run = ({ cents }: { readonly cents: number }, { key }: { readonly key: string }) => ({ id: `${key} ${cents}` });
const verify = () => done({ id: 'ch_1' });
const settle = '60s';

test('an effect is called with the one way of knowing that its service has, never with none, never with both', () => {
  consume(TakePayment, async (order, { message }) => {
    const charge = await message.effect(Charge, order, { run, verify, settle });
    expectTypeOf(charge).toEqualTypeOf<{ id: string }>();
    await message.effect(KeptCharge, order, { run });
    await message.effect(Charge, order, { run, verify: () => notDone(), settle });

    // @ts-expect-error: a service that keeps no keys has to be asked
    await message.effect(Charge, order, { run });
    // @ts-expect-error: and it has to be known for how long it may still act on a request
    await message.effect(Charge, order, { run, verify });
    // @ts-expect-error: a service that keeps keys is not asked
    await message.effect(KeptCharge, order, { run, verify, settle });
    // @ts-expect-error: nor is there anything that has to settle
    await message.effect(KeptCharge, order, { run, settle });
  });
});

test('outside a consumer it is the same, with a key and a time', () => {
  const given = { key: '1_1', within: '30s' } as const;
  void (() => effect(Charge, { cents: 1 }, { ...given, run, verify, settle }));
  void (() => effect(KeptCharge, { cents: 1 }, { ...given, run }));
  // @ts-expect-error: a service that keeps no keys has to be asked
  void (() => effect(Charge, { cents: 1 }, { ...given, run }));
  // @ts-expect-error: a service that keeps keys is not asked
  void (() => effect(KeptCharge, { cents: 1 }, { ...given, run, verify, settle }));
  // @ts-expect-error: there is no message that would name it
  void (() => effect(KeptCharge, { cents: 1 }, { within: '30s', run }));
});

test('a handler has the effects of its subscriber, asks for what they take and answers with what they give', () => {
  consume(TakePayment, async (order, { message }) => {
    // @ts-expect-error: the subscriber does not have it
    await message.effect(Refund, order, { run, verify, settle });
    // @ts-expect-error: cents are missing
    await message.effect(KeptCharge, { orderId: '1' }, { run });
    // @ts-expect-error: an id is a text
    await message.effect(KeptCharge, order, { run: () => ({ id: 1 }) });
    // @ts-expect-error: and so it is where the service was asked
    await message.effect(Charge, order, { run, verify: () => done({ id: 1 }), settle });
  });
});

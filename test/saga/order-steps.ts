import { Rejected } from 'waybill';
import type { Consumer } from 'waybill/runtime';
import { atLeast, done, notDone } from 'waybill/runtime';
import { TestService } from 'waybill/testing';
import { consumeStep } from '../../lib/saga/consume-step.ts';
import { Charge, Payment, Refund, Reserve, Ship, Shipments, Stock } from './order-saga.ts';

export const payments = new TestService('payments', {
  does: (_: { readonly orderId: string; readonly cents: number }, count) => ({ id: `payment-${count}` }),
});
export const refunds = new TestService('refunds', {
  does: (_: { readonly payment: string }, count) => ({ id: `refund-${count}` }),
});

export const reserve: Consumer = consumeStep(Reserve, {
  run: ({ sku, quantity }, { tx }) => {
    const change = { add: { quantity: -quantity }, when: { quantity: atLeast(quantity) } };
    tx.update(Stock, { sku }, { ...change, otherwise: 'deadLetter' });
    return { hold: `${sku}-${quantity}` };
  },
  undo: ({ sku, quantity }, _, { tx }) => {
    tx.update(Stock, { sku }, { add: { quantity } });
  },
});

/** More than anybody may spend. */
export const TOO_MUCH = 100_000;

export const charge: Consumer = consumeStep(Charge, {
  run: async ({ orderId, cents }, { message }) => {
    if (cents > TOO_MUCH) throw new Rejected('the card is refused');
    return message.effect(
      Payment,
      { orderId, cents },
      {
        run: (request, { key, signal }) => payments.request(key, request, { signal }),
        verify: async (_, { key }) => {
          const found = await payments.find(key);
          return found ? done(found) : notDone();
        },
        settle: '30s',
      },
    );
  },
  undo: async (_, output, { message, effects }) => {
    const payment = output?.id ?? effects.payment?.id;
    if (payment === undefined) return;
    await message.effect(
      Refund,
      { payment },
      {
        run: (request, { key, signal }) => refunds.request(key, request, { signal }),
        verify: async (__, { key }) => {
          const found = await refunds.find(key);
          return found ? done(found) : notDone();
        },
        settle: '30s',
      },
    );
  },
});

/** Nobody ships there. */
export const NOWHERE = 'nowhere';

export const ship: Consumer = consumeStep(Ship, {
  run: ({ orderId, receipt }, { tx }) => {
    if (orderId.startsWith(NOWHERE)) throw new Rejected('nobody ships there');
    tx.put(Shipments, { orderId, receipt });
    return { parcel: `parcel-${orderId}` };
  },
  undo: ({ orderId }, _, { tx }) => tx.delete(Shipments, { orderId }),
});

export const handlers = { reserve, charge, ship };

import { defineEffect, defineEvent, defineSaga, defineStep } from 'waybill';
import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1), z.maxLength(128));
const cents = z.int().check(z.positive());
const key = ({ transferId }: { readonly transferId: string }) => transferId;

export const MoneyTransferred = defineEvent('money.transferred', {
  schema: z.object({ transferId: text }),
  key,
  businessLine: 'payments',
});
export const TransferRefused = defineEvent('transfer.refused', {
  schema: z.object({ transferId: text, why: z.string() }),
  key,
  businessLine: 'payments',
});

/** A booking on an account of a bank, which keeps the keys of its bookings: the second with the same key changes nothing. */
export const Booking = defineEffect('booking', {
  input: z.object({ account: text, cents: z.int() }),
  output: z.object({ booked: z.boolean() }),
  idempotentFor: '365d',
});

const asked = z.object({ account: text, cents });
const retry = { attempts: 6, longest: '10s' } as const;

export const Withdraw = defineStep('withdraw', { input: asked, effects: [Booking], retry });
export const Deposit = defineStep('deposit', { input: asked, effects: [Booking], retry });

export const Transfer = z.object({ transferId: text, from: text, to: text, cents });

/** From an account of one bank to an account of another: the money is in one of them in the end, and nowhere twice. */
export const TransferMoney = defineSaga('transfer-money', { input: Transfer, key, businessLine: 'payments' })
  .step('withdraw', Withdraw, ({ input }) => ({ account: input.from, cents: input.cents }))
  .step('deposit', Deposit, ({ input }) => ({ account: input.to, cents: input.cents }))
  .ends({
    completed: [MoneyTransferred, ({ input }) => ({ transferId: input.transferId })],
    compensated: [TransferRefused, ({ input, failure }) => ({ transferId: input.transferId, why: failure.reason })],
  });

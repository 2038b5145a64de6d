import { Rejected } from 'waybill';
import { consumeStep, NotDone } from 'waybill/runtime';
import { type Bank, bankIn } from '../bank.ts';
import { Booking, Deposit } from '../contract.ts';

/** Puts the money into an account of the other bank. */
export function depositInto(bank: () => Bank) {
  return consumeStep(Deposit, {
    run: async ({ account, cents }, { message }) => {
      try {
        await message.effect(Booking, { account, cents }, { run: (booking, { key }) => bank().book(key, booking) });
      } catch (error) {
        throw error instanceof NotDone ? new Rejected(error.message) : error;
      }
    },
    // Of a deposit that was done though nobody could say so.
    undo: async ({ account, cents }, _, { message }) => {
      await message.effect(
        Booking,
        { account, cents: -cents },
        { run: (booking, { key }) => bank().book(key, booking) },
      );
    },
  });
}

export const handler = depositInto(() => bankIn(process.env.TO_BANK ?? 'south.db'));

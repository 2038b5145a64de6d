import { Rejected } from 'waybill';
import { consumeStep, NotDone } from 'waybill/runtime';
import { type Bank, bankIn } from '../bank.ts';
import { Booking, Withdraw } from '../contract.ts';

/** Takes the money from an account, and brings it back where it cannot be deposited. */
export function withdrawFrom(bank: () => Bank) {
  return consumeStep(Withdraw, {
    run: async ({ account, cents }, { message }) => {
      try {
        await message.effect(
          Booking,
          { account, cents: -cents },
          { run: (booking, { key }) => bank().book(key, booking) },
        );
      } catch (error) {
        // The bank has judged the booking: no other attempt mends it.
        throw error instanceof NotDone ? new Rejected(error.message) : error;
      }
    },
    undo: async ({ account, cents }, _, { message }) => {
      await message.effect(Booking, { account, cents }, { run: (booking, { key }) => bank().book(key, booking) });
    },
  });
}

export const handler = withdrawFrom(() => bankIn(process.env.FROM_BANK ?? 'north.db'));

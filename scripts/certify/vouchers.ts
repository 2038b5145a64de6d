import { defineEffect, defineEvent, defineSubscriber } from 'waybill';
import { consume } from 'waybill/runtime';
import { publishing, type RunState, type System, TestService } from 'waybill/testing';
import * as z from 'zod/mini';
import { messageTime } from '../../lib/message/message-id.ts';

const voucher = z.object({ id: z.string(), cents: z.int() });
const VoucherDue = defineEvent('voucher.due', { schema: voucher, key: ({ id }) => id, businessLine: 'vouchers' });
/** At a provider that keeps keys for a shorter time than a voucher waits. */
const Redeem = defineEffect('redeem', {
  input: voucher,
  output: z.object({ id: z.string() }),
  idempotentFor: '13m',
  clockSkew: '1ms',
});
const RedeemVoucher = defineSubscriber('redeem-voucher', { consumes: [VoucherDue], effects: [Redeem] });

type Voucher = { readonly id: string; readonly cents: number };
const provider = new TestService('provider', {
  does: (_: Voucher, count) => ({ id: `voucher-${count}` }),
  keepsKeys: true,
});

/** A business whose messages wait for longer than the service outside keeps a key. */
export const vouchers: System = {
  subscribers: [RedeemVoucher],
  handlers: {
    'redeem-voucher': consume(RedeemVoucher, async (due, { message }) => {
      await message.effect(Redeem, due, {
        run: (input, { key, signal }) => provider.request(key, input, { signal }),
      });
    }),
  },
  services: [provider],
  workload: [publishing(VoucherDue, { id: '1', cents: 250 }, '14m')],
  invariant: givenUpUntried,
};

/** A voucher waits for 14 minutes, and is tried for 13, which wrong clocks may shorten by 10. */
const UNTRIED_MS = 16 * 60_000;

function givenUpUntried({ ended }: RunState): string[] {
  return ended
    .filter(({ id, reason, endedAt }) => reason === 'effect-unknown' && endedAt < messageTime(id) + UNTRIED_MS)
    .map(({ id }) => `${id} was given up, and had hardly been tried`);
}

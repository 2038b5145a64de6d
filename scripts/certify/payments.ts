import { defineEffect, defineEvent, defineSubscriber, defineTable } from 'waybill';
import { cancel, consume, done, type Environment, effect, notDone, publish } from 'waybill/runtime';
import { bySending, publishing, type RunState, type System, TestService } from 'waybill/testing';
import * as z from 'zod/mini';

const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), cents: z.int() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});
const request = { input: z.object({ orderId: z.string(), cents: z.int() }), output: z.object({ id: z.string() }) };
/** At a bank that can be asked what it did. */
const Transfer = defineEffect('transfer', request);
/** By a service whose clients' clocks are one. */
const Remind = defineEffect('remind', { ...request, clockSkew: '1ms' });
/** At a provider that keeps keys for longer than any plan lasts. */
const Charge = defineEffect('charge', { ...request, idempotentFor: '60d' });

const Payments = defineTable('payments', {
  item: z.object({ orderId: z.string(), by: z.string(), id: z.string() }),
  partitionKey: 'orderId',
  sortKey: 'by',
});
const attempts = { attempts: 20, longest: '30m' } as const;
const PayByBank = defineSubscriber('pay-by-bank', {
  consumes: [OrderPlaced],
  tables: [Payments],
  effects: [Transfer],
  retry: attempts,
});
const PayByCard = defineSubscriber('pay-by-card', {
  consumes: [OrderPlaced],
  tables: [Payments],
  effects: [Charge],
  retry: attempts,
});

type Order = { readonly orderId: string; readonly cents: number };
const bank = new TestService('bank', { does: (_: Order, count) => ({ id: `transfer-${count}` }) });
const provider = new TestService('provider', {
  does: (_: Order, count) => ({ id: `charge-${count}` }),
  keepsKeys: true,
});

const mailer = new TestService('mailer', {
  does: (_: Order, count) => ({ id: `mail-${count}` }),
  keepsKeys: true,
});

async function foundAt(service: typeof bank, key: string) {
  const found = await service.find(key);
  return found ? done(found) : notDone();
}

const payByBank = consume(PayByBank, async (order, { tx, message }) => {
  const { id } = await message.effect(Transfer, order, {
    run: (input, { key, signal }) => bank.request(key, input, { signal }),
    verify: (_, { key }) => foundAt(bank, key),
    // A request may be carried out for so long after its sender has died.
    settle: '12m',
  });
  tx.put(Payments, { orderId: order.orderId, by: 'bank', id });
});

/** What ran before the bank was asked: plans roll it back while messages are cancelled. It sells on account. */
const payOnAccount = consume(
  defineSubscriber('pay-by-bank', { consumes: [OrderPlaced], tables: [Payments], retry: attempts }),
  async ({ orderId }, { tx, message }) => {
    tx.put(Payments, { orderId, by: message.id, id: ON_ACCOUNT });
  },
);
const ON_ACCOUNT = 'on account';

const payByCard = consume(PayByCard, async (order, { tx, message }) => {
  const { id } = await message.effect(Charge, order, {
    run: (input, { key, signal }) => provider.request(key, input, { signal }),
  });
  tx.put(Payments, { orderId: order.orderId, by: 'card', id });
});

/** What a producer transfers by itself, whoever runs it at once, or again an hour later since nobody knows how far it came. */
const transferring = (orderId: string) => {
  const transfer = ({ environment }: { readonly environment: Environment }) =>
    effect(
      Transfer,
      { orderId, cents: 250 },
      {
        ...{ key: `order-${orderId}`, within: '30s', environment },
        run: (input, { key, signal }) => bank.request(key, input, { signal }),
        verify: (_, { key }) => foundAt(bank, key),
        settle: '12m',
      },
    ).catch(() => ({ id: 'unknown' }));
  return { effects: true, run: transfer, later: { after: '1h', run: transfer } } as const;
};

/**
 * A reminder that two senders send, of which the first may not be done though its time is over: it pays no heed to its signal.
 * The mailer keeps keys, so that it does no harm but to what is kept of its answer.
 */
const reminding = async ({ environment }: { readonly environment: Environment }) => {
  const remind = () =>
    effect(
      Remind,
      { orderId: '6', cents: 250 },
      {
        ...{ key: 'reminder-6', within: '5s', environment },
        run: (input, { key }) => mailer.request(key, input),
        verify: (_, { key }) => foundAt(mailer, key),
        settle: '1s',
      },
    ).catch(() => undefined);
  await Promise.all([remind(), environment.sleep(15_000).then(remind)]);
};

const place = (orderId: string) => publishing(OrderPlaced, { orderId, cents: 250 });

/** A business whose handlers pay at services outside: whose requests go astray, too. */
export const payments: System = {
  subscribers: [PayByBank, PayByCard],
  handlers: { 'pay-by-bank': payByBank, 'pay-by-card': payByCard },
  previous: { 'pay-by-bank': payOnAccount },
  services: [bank, provider, mailer],
  workload: [
    place('1'),
    place('2'),
    bySending(['cancel'], ({ environment }) => publish(OrderPlaced, { orderId: '3', cents: 1 }, { environment }), {
      after: '1s',
      run: ({ environment, answer }) => cancel((answer as { readonly id: string }).id, { environment }),
    }),
    place('4'),
    transferring('5'),
    { effects: true, run: reminding },
  ],
  invariant: unpaid,
  timeout: '30s',
  bound: '24h',
};

/** What has not been paid once where it was handled, or was paid though it was cancelled, or by the code that asks nobody. */
function unpaid(state: RunState): string[] {
  const onAccount = new Set(state.rows(Payments).flatMap(({ by, id }) => (id === ON_ACCOUNT ? [by] : [])));
  return state.ended.flatMap(({ id, subscriber, state: how }) => {
    const service = subscriber === 'pay-by-bank' ? bank : provider;
    const times = state.done(service).filter(({ key }) => key.startsWith(id)).length;
    const said = `at ${subscriber}, and paid ${times} times`;
    // The code before knows of no effect: what the code after it had begun, it leaves as it is.
    const isOnAccount = subscriber === 'pay-by-bank' && onAccount.has(id);
    if (how === 'handled' && times !== 1 && !isOnAccount) return [`${id} was handled ${said}`];
    return how === 'cancelled' && times !== 0 ? [`${id} was cancelled ${said}`] : [];
  });
}

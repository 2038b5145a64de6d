import { defineSubscriber } from 'waybill';
import { checkBack, consume, publish, transact } from 'waybill/runtime';
import { bySending, publishing, type RunState, type System, startingWith, TestService } from 'waybill/testing';
import { ChargeCard, ChargeRequested } from '../../examples/breaker/contract.ts';
import { chargeCardBy, ProviderDown } from '../../examples/breaker/functions/charge-card.ts';
import * as bankContract from '../../examples/certificate/contract.ts';
import { handler as deposit } from '../../examples/certificate/functions/deposit.ts';
import { handler as withdraw } from '../../examples/certificate/functions/withdraw.ts';
import { book, cancelReminder, moveReminder } from '../../examples/delay/appointments.ts';
import { Notices, Remind, ReminderDue } from '../../examples/delay/contract.ts';
import { handler as remind } from '../../examples/delay/functions/remind.ts';
import { BookCourier, Bookings, SaleOrdered, SellPiece, Shelf, Sold } from '../../examples/flash-sale/contract.ts';
import { bookCourierBy } from '../../examples/flash-sale/functions/book-courier.ts';
import { handler as sellPiece } from '../../examples/flash-sale/functions/sell-piece.ts';
import { Accounts as LocalAccounts } from '../../examples/half-message/accounts.ts';
import { CreditWallet, MoneySent, Wallets } from '../../examples/half-message/contract.ts';
import { handler as creditWallet } from '../../examples/half-message/functions/credit-wallet.ts';
import { sendMoney } from '../../examples/half-message/send-money.ts';
import * as localstack from '../../examples/localstack/contract.ts';
import { handler as reserveStock } from '../../examples/localstack/functions/reserve-stock.ts';
import { Invoices, ParcelSent, Tariffs, WriteInvoice } from '../../examples/redrive/contract.ts';
import { handler as writeInvoice } from '../../examples/redrive/functions/write-invoice.ts';
import { AddUpUse, DailyUse, MeterRead } from '../../examples/stream/contract.ts';
import { handler as addUpUse } from '../../examples/stream/functions/add-up-use.ts';
import { CreditPoints, Members, PointsEarned } from '../../examples/unit-test/contract.ts';
import { handler as creditPoints } from '../../examples/unit-test/functions/credit-points.ts';
import { KeepPrice, PriceChanged, PriceChangedV1, Prices } from '../../examples/versions/contract.ts';
import { handler as keepPrice } from '../../examples/versions/functions/keep-price.ts';

// The applications of `examples/`, each with what its producers do and what its books must say in the end. The shop of
// `examples/commerce` is in commerce.ts; the saga of `examples/travel` has plans of its own, `npm run saga:plans`.

type Environment = Parameters<NonNullable<Extract<System['workload'][number], (...given: never[]) => unknown>>>[0];

const nameIn = ({ environment }: Pick<Environment, 'environment'>) =>
  Buffer.from(environment.random(6)).toString('hex');

/** The messages that a subscriber has handled, each once. */
function handledAt<Payload>({ ended }: RunState, subscriber: string): readonly Payload[] {
  const handled = ended.filter((one) => one.subscriber === subscriber && one.state === 'handled');
  return handled.map(({ payload }) => payload as Payload);
}

function sumOf<One>(all: readonly One[], of: (one: One) => number): number {
  return all.reduce((sum, one) => sum + of(one), 0);
}

/** Says so where two sums differ. */
function same(what: string, are: number, should: number): string[] {
  return are === should ? [] : [`${what}: ${are}, and should be ${should}`];
}

const { Accounts, Deposit, TransferRequested, Withdraw } = bankContract;

export const bank: System = {
  subscribers: [Withdraw, Deposit],
  handlers: { [Withdraw.name]: withdraw, [Deposit.name]: deposit },
  tables: [
    startingWith(Accounts, [
      { owner: 'ada', cents: 10_000, version: 1 },
      { owner: 'bob', cents: 0, version: 1 },
    ]),
  ],
  workload: [
    publishing(TransferRequested, { from: 'ada', to: 'bob', cents: 1_000 }),
    publishing(TransferRequested, { from: 'bob', to: 'ada', cents: 500 }),
  ],
  invariant: ({ rows, ended }) => {
    const dead = ended.filter(({ subscriber, state }) => subscriber === Deposit.name && state === 'dead');
    const stranded = sumOf(dead, ({ payload }) => (payload as { readonly cents: number }).cents);
    return same('cents in accounts and stranded', sumOf(rows(Accounts), ({ cents }) => cents) + stranded, 10_000);
  },
};

const provider = new TestService('provider', { does: (_: number, count) => ({ id: `ch_${count}` }), keepsKeys: true });

export const breaker: System = {
  subscribers: [ChargeCard],
  handlers: {
    [ChargeCard.name]: chargeCardBy(async ({ orderId, amountCents }) => {
      await provider.request(orderId, amountCents).catch((cause: unknown) => {
        throw new ProviderDown('the provider does not answer', { cause });
      });
    }),
  },
  services: [provider],
  breakers: { [ChargeCard.name]: { failures: 3, open: 40_000, probes: 2 } },
  workload: [1, 5].map((count) => async (asked) => {
    const orders = Array.from({ length: count }, () => nameIn(asked));
    // Together, so that they come in one batch: SQS gives up what crashes with each of them a hundred times.
    const { ids } = await transact((tx) => {
      for (const orderId of orders) tx.publish(ChargeRequested, { orderId, amountCents: 990 });
    }, asked);
    return ids;
  }),
  bound: '2h',
};

const HOUR_MS = 3_600_000;

export const delay: System = {
  subscribers: [Remind],
  handlers: { [Remind.name]: remind },
  workload: [
    publishing(ReminderDue, { appointmentId: '1', patient: 'ada' }, '10s'),
    bySending(['wait'], (asked) => bookIn(asked, 20)),
    bySending(['wait', 'cancel'], (asked) => bookIn(asked, 20), {
      after: '20m',
      run: ({ answer, ...asked }) => typeof answer === 'string' && cancelReminder(answer, asked),
    }),
    bySending(['wait', 'reschedule'], (asked) => bookIn(asked, 30), {
      after: '1m',
      run: ({ answer, ...asked }) =>
        typeof answer === 'string' &&
        moveReminder(answer, new Date(asked.environment.now() + HOUR_MS + 20 * 60_000), asked),
    }),
  ],
  invariant: (state) => same('notices', state.rows(Notices).length, handledAt(state, Remind.name).length),
};

/** An appointment whose reminder is due in so many minutes. */
function bookIn(asked: Environment, minutes: number): Promise<string> {
  const at = new Date(asked.environment.now() + HOUR_MS + minutes * 60_000);
  return book({ appointmentId: nameIn(asked), patient: 'ada', at }, asked);
}

const courier = new TestService('courier', { does: (_: string, count) => ({ id: `tour-${count}` }), keepsKeys: true });

export const flashSale: System = {
  subscribers: [SellPiece, BookCourier],
  handlers: {
    [SellPiece.name]: sellPiece,
    [BookCourier.name]: bookCourierBy((orderId) => courier.request(orderId, orderId)),
  },
  services: [courier],
  tables: [startingWith(Shelf, [{ sku: 'lamp', left: 3 }])],
  workload: [false, true].map((byCourier) => async (asked) => {
    const { id } = await publish(SaleOrdered, { orderId: nameIn(asked), sku: 'lamp', byCourier }, asked);
    return id;
  }),
  invariant: (state) => {
    const left = sumOf(state.rows(Shelf), (shelf) => shelf.left);
    return [
      ...same('pieces sold and left', sumOf(state.rows(Sold), ({ pieces }) => pieces) + left, 3),
      ...same(
        'couriers',
        sumOf(state.rows(Bookings), ({ booked }) => booked),
        handledAt(state, BookCourier.name).length,
      ),
    ];
  },
};

export const halfMessage: System = halfMessageSystem();

/** The store is SQLite in memory, in which nobody's transaction stays open; the check-back finds it as a process left it. */
function halfMessageSystem(): System {
  const accounts = LocalAccounts.open(':memory:');
  accounts.deposit('alice', Number.MAX_SAFE_INTEGER);
  return {
    subscribers: [CreditWallet],
    handlers: { [CreditWallet.name]: creditWallet },
    checkBack: checkBack(MoneySent, (transactionId) => accounts.decide(transactionId)),
    workload: [
      bySending(['half'], (asked) => sendMoney(accounts, { from: 'alice', to: 'bob', cents: 250 }, asked)),
      bySending(['half'], (asked) => sendMoney(accounts, { from: 'alice', to: 'ann', cents: 100 }, asked)),
    ],
    invariant: (state) =>
      same(
        'cents in wallets',
        sumOf(state.rows(Wallets), ({ cents }) => cents),
        sumOf(handledAt<{ readonly cents: number }>(state, CreditWallet.name), ({ cents }) => cents),
      ),
  };
}

const { OrderPlaced, ReserveStock, Stock } = localstack;

export const stock: System = {
  subscribers: [ReserveStock],
  handlers: { [ReserveStock.name]: reserveStock },
  tables: [startingWith(Stock, [{ sku: 'tea', quantity: 5 }])],
  workload: [
    publishing(OrderPlaced, { orderId: '1', sku: 'tea', quantity: 2 }),
    publishing(OrderPlaced, { orderId: '2', sku: 'tea', quantity: 1 }),
  ],
  invariant: (state) => {
    const taken = sumOf(handledAt<{ readonly quantity: number }>(state, ReserveStock.name), ({ quantity }) => quantity);
    return same('pieces taken and left', taken + sumOf(state.rows(Stock), ({ quantity }) => quantity), 5);
  },
};

export const redrive: System = {
  subscribers: [WriteInvoice],
  handlers: { [WriteInvoice.name]: writeInvoice },
  tables: [startingWith(Tariffs, [{ country: 'FR', cents: 990 }])],
  workload: ['FR', 'IS'].map((country) => (asked) => publish(ParcelSent, { parcelId: nameIn(asked), country }, asked)),
  invariant: (state) => same('invoices', state.rows(Invoices).length, handledAt(state, WriteInvoice.name).length),
};

const reading = { meterId: 'm1', readAt: '2026-03-01T12:00:00Z', wattHours: 250 };

export const stream: System = {
  subscribers: [AddUpUse],
  handlers: { [AddUpUse.name]: addUpUse },
  streams: { readings: [AddUpUse] },
  workload: [publishing(MeterRead, reading), publishing(MeterRead, { ...reading, readAt: '2026-03-01T13:00:00Z' })],
  invariant: (state) =>
    same(
      'readings',
      sumOf(state.rows(DailyUse), ({ readings }) => readings),
      handledAt(state, AddUpUse.name).length,
    ),
};

export const unitTest: System = {
  subscribers: [CreditPoints],
  handlers: { [CreditPoints.name]: creditPoints },
  tables: [startingWith(Members, [{ customerId: 'ada', balance: 0, version: 1 }])],
  workload: [
    publishing(PointsEarned, { customerId: 'ada', orderId: '1', points: 60 }),
    publishing(PointsEarned, { customerId: 'ada', orderId: '2', points: 60 }),
    publishing(PointsEarned, { customerId: 'nobody', orderId: '3', points: 60 }),
  ],
  invariant: (state) => {
    const balance = sumOf(state.rows(Members), (member) => member.balance);
    const credited = handledAt<{ readonly points: number }>(state, CreditPoints.name);
    return same(
      'points',
      balance,
      sumOf(credited, ({ points }) => points),
    );
  },
};

export const versions: System = {
  subscribers: [KeepPrice],
  handlers: { [KeepPrice.name]: keepPrice },
  previous: {
    [KeepPrice.name]: consume(
      defineSubscriber(KeepPrice.name, { consumes: [PriceChangedV1], tables: [Prices] }),
      ({ sku, price }, { tx }) => tx.put(Prices, { sku, cents: Number(price.replace('.', '')) }),
    ),
  },
  workload: [
    publishing(PriceChangedV1, { sku: 'tea', price: '12.90' }),
    publishing(PriceChanged, { sku: 'tea', cents: 1_290 }),
  ],
  invariant: ({ rows }) => (rows(Prices).every(({ cents }) => cents === 1_290) ? [] : ['a price is another one']),
};

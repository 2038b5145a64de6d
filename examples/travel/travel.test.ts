import { beforeEach, expect, test } from 'vitest';
import { decideStuck } from 'waybill/operations';
import { NotDone, publish } from 'waybill/runtime';
import { MemoryStack } from 'waybill/testing';
import { BookTrip, Charge, Reserve, Seats, Ship, Tickets } from './contract.ts';
import { chargeTripBy } from './functions/charge-trip.ts';
import { handler as reserveSeats } from './functions/reserve-seats.ts';
import { handler as shipTickets } from './functions/ship-tickets.ts';
import type { PaymentProvider } from './payment-provider.ts';

const trip = { tripId: 't1', flight: 'LH1', seats: 2, cents: 40_000, to: 'Lisbon' };
let charges: Map<string, string>;
let refunds: Map<string, string>;
let refundsFail: boolean;
let stack: MemoryStack;

const provider: PaymentProvider = {
  charge: async (reference, cents) => {
    if (cents > 100_000) throw new NotDone('the card is refused');
    const chargeId = `charge-${charges.size + 1}`;
    charges.set(reference, chargeId);
    return { chargeId };
  },
  refund: async (reference, chargeId) => {
    if (refundsFail) throw new NotDone('no refunds today');
    refunds.set(reference, chargeId);
    return { refundId: `refund-of-${chargeId}` };
  },
  findCharge: async (reference) => {
    const chargeId = charges.get(reference);
    return chargeId === undefined ? undefined : { chargeId };
  },
  findRefund: async (reference) => {
    const chargeId = refunds.get(reference);
    return chargeId === undefined ? undefined : { refundId: `refund-of-${chargeId}` };
  },
};

beforeEach(() => {
  [charges, refunds, refundsFail] = [new Map(), new Map(), false];
  stack = new MemoryStack({
    subscribers: [Reserve, Charge, Ship],
    handlers: { 'reserve-seats': reserveSeats, 'charge-trip': chargeTripBy(provider), 'ship-tickets': shipTickets },
    sagas: [BookTrip],
  }).row(Seats, { flight: 'LH1', left: 3, version: 1 });
});

const book = (given: Partial<typeof trip> = {}) =>
  publish(BookTrip, { ...trip, ...given }, { environment: stack.environment() });
/** What the saga has published at its end. */
const published = () =>
  stack.ledger.items().flatMap(({ type, envelope }) => {
    const isEnd = type?.S?.startsWith('trip.') && envelope?.S !== undefined;
    return isEnd ? [(JSON.parse(envelope.S as string) as { readonly data: unknown }).data] : [];
  });

test('a trip is reserved, charged and shipped', async () => {
  await book();
  await stack.advance('1m');
  expect(stack.rows(Seats)).toMatchObject([{ left: 1 }]);
  expect(stack.rows(Tickets)).toEqual([{ tripId: 't1', receipt: 'charge-1' }]);
  expect(published()).toEqual([{ tripId: 't1', receipt: 'charge-1' }]);
});

test('a trip that cannot be charged gives its seats back', async () => {
  await book({ cents: 200_000 });
  await stack.advance('1m');
  expect(stack.rows(Seats)).toMatchObject([{ left: 3 }]);
  expect(charges.size).toBe(0);
  expect(published()).toEqual([{ tripId: 't1', why: 'rejected' }]);
});

test('a trip that cannot be shipped is undone: the money goes back once', async () => {
  await book({ to: 'nowhere' });
  await stack.advance('1m');
  expect(stack.rows(Seats)).toMatchObject([{ left: 3 }]);
  expect(stack.rows(Tickets)).toEqual([]);
  expect([...refunds.values()]).toEqual(['charge-1']);
});

test('a refund that fails for good is stuck until somebody decides, and then the rest is undone', async () => {
  refundsFail = true;
  const { id } = await book({ to: 'nowhere' });
  await stack.advance('1h');
  expect(stack.rows(Seats)).toMatchObject([{ left: 1 }]);
  expect(stack.environmentOf('book-trip-keeper').counted['book-trip.saga-stuck']).toBeGreaterThan(0);

  refundsFail = false;
  const decided = await decideStuck(id, 'retry', { saga: 'book-trip', environment: stack.environment() });
  expect(decided).toMatchObject({ step: 'charge', kind: 'undo' });
  await stack.advance('1m');
  expect([...refunds.values()]).toEqual(['charge-1']);
  expect(stack.rows(Seats)).toMatchObject([{ left: 3 }]);
});

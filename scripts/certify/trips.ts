import { defineEffect, defineEvent, defineSaga, defineStep, defineTable, Rejected } from 'waybill';
import { atLeast, consumeStep, done, notDone, publish } from 'waybill/runtime';
import { type DescribedStep, type RunState, type System, startingWith, TestService, withTrait } from 'waybill/testing';
import * as z from 'zod/mini';

const key = ({ tripId }: { readonly tripId: string }) => tripId;
const event = <const Type extends string>(type: Type) =>
  defineEvent(type, { schema: z.object({ tripId: z.string() }), key, businessLine: 'travel' });
const TripBooked = event('trip.booked');
const TripRefused = event('trip.refused');
const TripConfirmed = event('trip.confirmed');

const Seats = defineTable('seats', { item: z.object({ flight: z.string(), left: z.int() }), partitionKey: 'flight' });
const Rooms = defineTable('rooms', { item: z.object({ tripId: z.string() }), partitionKey: 'tripId' });
const Tickets = defineTable('tickets', { item: z.object({ tripId: z.string() }), partitionKey: 'tripId' });
/** Hotels that take no room back until a moment, in milliseconds since the epoch: by then undoing is stuck. */
const Closed = defineTable('closed', {
  item: z.object({ hotel: z.string(), until: z.int() }),
  partitionKey: 'hotel',
});

const Payment = defineEffect('payment', {
  input: z.object({ cents: z.int() }),
  output: z.object({ id: z.string() }),
  clockSkew: '1s',
});
const Refund = defineEffect('refund', {
  input: z.object({ payment: z.string() }),
  output: z.object({ id: z.string() }),
  clockSkew: '1s',
});

const retry = { attempts: 4, longest: '10s' } as const;
const Reserve = defineStep('reserve', {
  input: z.object({ flight: z.string() }),
  tables: [Seats],
  retry,
});
const Charge = defineStep('charge', {
  input: z.object({ cents: z.int() }),
  output: z.object({ id: z.string() }),
  effects: [Payment, Refund],
  retry,
});
const Sleep = defineStep('sleep', {
  input: z.object({ tripId: z.string(), hotel: z.string() }),
  tables: [Rooms, Closed],
  retry,
});
const Ship = defineStep('ship', {
  input: z.object({ tripId: z.string(), to: z.string(), payment: z.string() }),
  tables: [Tickets],
  retry,
});

const within = { within: '3m' } as const;
/** A seat, then money and a room side by side, then the traveller confirms, then the ticket. */
const BookTrip = defineSaga('book', {
  input: z.object({ tripId: z.string(), flight: z.string(), hotel: z.string(), cents: z.int(), to: z.string() }),
  key,
  businessLine: 'travel',
  unwind: { tries: 2, longest: '10s' },
})
  .step('reserve', Reserve, ({ input }) => ({ flight: input.flight }), within)
  .all({
    charge: [Charge, ({ input }) => ({ cents: input.cents }), within],
    sleep: [Sleep, ({ input }) => ({ tripId: input.tripId, hotel: input.hotel }), within],
  })
  .waitFor('confirmed', TripConfirmed, { where: (said) => said.tripId, is: ({ input }) => input.tripId, within: '15m' })
  .step('ship', Ship, ({ input, charge }) => ({ tripId: input.tripId, to: input.to, payment: charge.id }), within)
  .ends({
    completed: [TripBooked, ({ input }) => ({ tripId: input.tripId })],
    compensated: [TripRefused, ({ input }) => ({ tripId: input.tripId })],
  });

const provider = new TestService('provider', { does: (_: { cents: number }, count) => ({ id: `payment-${count}` }) });
const refunds = new TestService('refunds', { does: (_: { payment: string }, count) => ({ id: `refund-${count}` }) });

const found = <Answer>(answer: Answer | undefined) => (answer ? done(answer) : notDone());
/** A request may be carried out for so long after its sender has died. */
const settle = '12m';

const handlers = {
  reserve: consumeStep(Reserve, {
    run: ({ flight }, { tx }) => {
      tx.update(Seats, { flight }, { add: { left: -1 }, when: { left: atLeast(1) }, otherwise: 'deadLetter' });
    },
    undo: ({ flight }, _, { tx }) => tx.update(Seats, { flight }, { add: { left: 1 } }),
  }),
  charge: consumeStep(Charge, {
    run: (request, { message }) =>
      message.effect(Payment, request, {
        run: (asked, { key: reference, signal }) => provider.request(reference, asked, { signal }),
        verify: async (_, { key: reference }) => found(await provider.find(reference)),
        settle,
      }),
    undo: async (_, output, { message, effects }) => {
      const payment = output?.id ?? effects.payment?.id;
      if (payment === undefined) return;
      const call = {
        run: (asked: { payment: string }, { key: reference, signal }: { key: string; signal: AbortSignal }) =>
          refunds.request(reference, asked, { signal }),
        verify: async (__: unknown, { key: reference }: { key: string }) => found(await refunds.find(reference)),
        settle,
      } as const;
      await message.effect(Refund, { payment }, call);
    },
  }),
  sleep: consumeStep(Sleep, {
    run: ({ tripId }, { tx }) => {
      tx.put(Rooms, { tripId });
    },
    undo: async ({ tripId, hotel }, _, { tx, message }) => {
      const closed = await tx.get(Closed, { hotel });
      if (closed && message.time.getTime() < closed.until) throw new Error('nobody answers');
      tx.delete(Rooms, { tripId });
    },
  }),
  ship: consumeStep(Ship, {
    run: ({ tripId, to }, { tx }) => {
      if (to === 'nowhere') throw new Rejected('nobody delivers there');
      tx.put(Tickets, { tripId });
    },
    undo: ({ tripId }, _, { tx }) => tx.delete(Tickets, { tripId }),
  }),
};

const SEATS = 20;
const FULL = 'full';
const CLOSED = 'closed';
/** A simulated run begins ten minutes before. */
const OPENS_AT = Date.UTC(2026, 0, 1, 0, 10);

/** Books a trip; each time that it is asked for is a trip of its own, which its traveller confirms. */
function book(given: Partial<{ flight: string; hotel: string; to: string }> = {}): DescribedStep {
  const { flight = 'LH1', hotel = 'open', to = 'Lisbon' } = given;
  return {
    publishes: BookTrip,
    run: async ({ environment }) => {
      const tripId = Buffer.from(environment.random(8)).toString('hex');
      const { id } = await publish(BookTrip, { tripId, flight, hotel, cents: 100, to }, { environment });
      const confirmed = await publish(TripConfirmed, { tripId }, { environment });
      return [id, confirmed.id];
    },
  };
}

/** The same, and nobody confirms. */
const unconfirmed: DescribedStep = {
  publishes: BookTrip,
  run: async ({ environment }) => {
    const tripId = Buffer.from(environment.random(8)).toString('hex');
    const trip = { tripId, flight: 'LH1', hotel: 'open', cents: 100, to: 'Lisbon' };
    return (await publish(BookTrip, trip, { environment })).id;
  },
};

/** Trips by a saga, with steps side by side, effects outside, an event to wait for, and an undoing that fails until somebody sees to it. */
export const trips: System = {
  subscribers: [Reserve, Charge, Sleep, Ship],
  handlers,
  sagas: [BookTrip],
  services: [provider, refunds],
  tables: [
    startingWith(Seats, [
      { flight: 'LH1', left: SEATS },
      { flight: FULL, left: 0 },
    ]),
    startingWith(Closed, [{ hotel: CLOSED, until: OPENS_AT }]),
  ],
  workload: [
    book(),
    book({ to: 'nowhere' }),
    book({ flight: FULL }),
    unconfirmed,
    book({ hotel: CLOSED, to: 'nowhere' }),
    withTrait('two-trips', async ({ environment }) =>
      [await book().run({ environment }), await book({ to: 'nowhere' }).run({ environment })].flat(),
    ),
  ],
  invariant: unbalanced,
  timeout: '30s',
};

/** Seats, money, rooms and tickets of trips that were not booked, and those that trips lack which were. */
function unbalanced({ rows, done: did, committed }: RunState): string[] {
  const of = (type: string) => committed.filter((one) => one.type === type);
  const booked = of(TripBooked.type).map(({ payload }) => (payload as { tripId: string }).tripId);
  const taken = SEATS - (rows(Seats).find(({ flight }) => flight === 'LH1')?.left ?? 0);
  const [paid, refunded] = [did(provider).length, did(refunds).length];
  const same = (one: readonly string[], other: readonly string[]) =>
    [...one].sort().join() === [...other].sort().join();
  return [
    ...(taken === booked.length ? [] : [`${taken} seats are taken, and ${booked.length} trips booked`]),
    ...(paid - refunded === booked.length ? [] : [`${paid} payments, ${refunded} refunds, and ${booked.length} trips`]),
    ...(same(rows(Rooms).map(key), booked) ? [] : ['rooms are not those of the booked trips']),
    ...(same(rows(Tickets).map(key), booked) ? [] : ['tickets are not those of the booked trips']),
  ];
}

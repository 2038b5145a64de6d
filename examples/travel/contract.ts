import { defineEffect, defineEvent, defineSaga, defineStep, defineTable } from 'waybill';
import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1), z.maxLength(64));
const count = z.int().check(z.positive());
const key = ({ tripId }: { readonly tripId: string }) => tripId;

export const TripBooked = defineEvent('trip.booked', {
  schema: z.object({ tripId: text, receipt: text }),
  key,
  businessLine: 'travel',
});
export const TripRefused = defineEvent('trip.refused', {
  schema: z.object({ tripId: text, why: z.string() }),
  key,
  businessLine: 'travel',
});

/** Seats that are left on a flight. */
export const Seats = defineTable('seats', {
  item: z.object({ flight: text, left: z.int(), version: z.int() }),
  partitionKey: 'flight',
  version: 'version',
});
/** Tickets on their way to a traveller. */
export const Tickets = defineTable('tickets', {
  item: z.object({ tripId: text, receipt: text }),
  partitionKey: 'tripId',
});

/** Money that the payment provider takes, and gives back. All on one machine, clocks differ by less than a second. */
export const Payment = defineEffect('payment', {
  input: z.object({ cents: count }),
  output: z.object({ chargeId: text }),
  clockSkew: '1s',
});
export const Refund = defineEffect('refund', {
  input: z.object({ chargeId: text }),
  output: z.object({ refundId: text }),
  clockSkew: '1s',
});

const retry = { attempts: 5, longest: '10s' } as const;

export const Reserve = defineStep('reserve-seats', {
  input: z.object({ flight: text, seats: count }),
  tables: [Seats],
  retry,
});
export const Charge = defineStep('charge-trip', {
  input: z.object({ cents: count }),
  output: z.object({ chargeId: text }),
  effects: [Payment, Refund],
  retry,
});
export const Ship = defineStep('ship-tickets', {
  input: z.object({ tripId: text, to: text, receipt: text }),
  tables: [Tickets],
  retry,
});

export const Trip = z.object({ tripId: text, flight: text, seats: count, cents: count, to: text });

export const BookTrip = defineSaga('book-trip', {
  input: Trip,
  key,
  businessLine: 'travel',
  unwind: { tries: 4, longest: '10s' },
})
  .step('reserve', Reserve, ({ input }) => ({ flight: input.flight, seats: input.seats }))
  .step('charge', Charge, ({ input }) => ({ cents: input.cents }), { within: '10m' })
  .step('ship', Ship, ({ input, charge }) => ({ tripId: input.tripId, to: input.to, receipt: charge.chargeId }))
  .ends({
    completed: [TripBooked, ({ input, charge }) => ({ tripId: input.tripId, receipt: charge.chargeId })],
    compensated: [TripRefused, ({ input, failure }) => ({ tripId: input.tripId, why: failure.code })],
  });

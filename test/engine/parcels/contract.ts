import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod/mini';

/**
 * A courier, so small that an auditor needs nothing but its two tables: each effect adds 1 to the parcel's row and to the
 * subscriber's total, so whatever took effect twice, or not at all, shows.
 */

const text = z.string().check(z.minLength(1), z.maxLength(128));
const count = z.int().check(z.positive());

/** What a handler does to a parcel, so that a test can see how the runtime takes it. */
const trouble = z.enum([
  /** At its first delivery the handler holds its process until Lambda ends it. */
  'blocks',
  /** At its first delivery the handler never returns. */
  'hangs',
  /** The handler ends its process, at each delivery. */
  'crashes',
  /** The handler rejects it, until the function's variable `ACCEPTS_ALL` is set. */
  'unwanted',
]);

export const ParcelAccepted = defineEvent('parcel.accepted', {
  schema: z.object({ parcelId: text, grams: count, trouble: z.optional(trouble) }),
  key: (parcel) => parcel.parcelId,
  businessLine: 'parcels',
});

export const ParcelStamped = defineEvent('parcel.stamped', {
  schema: z.object({ parcelId: text, grams: count }),
  key: (parcel) => parcel.parcelId,
  businessLine: 'parcels',
});

/** How often a parcel took effect at a subscriber. */
export const Effects = defineTable('effects', {
  item: z.object({ parcelId: text, subscriber: text, times: count, grams: count }),
  partitionKey: 'parcelId',
  sortKey: 'subscriber',
});

/** What all parcels together did at a subscriber. */
export const Totals = defineTable('totals', {
  item: z.object({ subscriber: text, parcels: count, grams: count }),
  partitionKey: 'subscriber',
});

/** From a queue, and publishes on. */
export const StampParcel = defineSubscriber('stamp-parcel', {
  consumes: [ParcelAccepted],
  publishes: [ParcelStamped],
  tables: [Effects, Totals],
});

/** From a queue, what the first one published. One business write. */
export const DeliverParcel = defineSubscriber('deliver-parcel', { consumes: [ParcelStamped], tables: [Effects] });

/** From a stream. */
export const CountParcel = defineSubscriber('count-parcel', { consumes: [ParcelAccepted], tables: [Effects, Totals] });

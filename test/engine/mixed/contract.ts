import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1), z.maxLength(128));
const count = z.int().check(z.positive());

/** As the old producer publishes it. */
export const ParcelWeighedV1 = defineEvent('parcel.weighed', {
  schema: z.object({ parcelId: text, kilograms: count }),
  key: (parcel) => parcel.parcelId,
  businessLine: 'parcels',
});

/** As the new producer publishes it: grams. */
export const ParcelWeighedV2 = defineEvent('parcel.weighed', {
  version: 2,
  upgrades: {
    from: ParcelWeighedV1,
    by: ({ parcelId, kilograms }) => ({ parcelId, grams: 1_000 * kilograms }),
  },
  schema: z.object({ parcelId: text, grams: count }),
  key: (parcel) => parcel.parcelId,
  businessLine: 'parcels',
});

/** What each subscriber made of a parcel, and how often; `knows` is the newest version that the handler knows. */
export const Weights = defineTable('weights', {
  item: z.object({ parcelId: text, subscriber: text, times: count, grams: count, knows: count }),
  partitionKey: 'parcelId',
  sortKey: 'subscriber',
});

// A single failure that counted as an attempt would dead-letter the message.
const options = { tables: [Weights], retry: { attempts: 1 } } as const;

/** From a queue, and from a stream: each as it was deployed before the event had a second version, and after. */
export const LoadParcelV1 = defineSubscriber('load-parcel', { consumes: [ParcelWeighedV1], ...options });
export const LoadParcelV2 = defineSubscriber('load-parcel', { consumes: [ParcelWeighedV2], ...options });
export const ChartParcelV1 = defineSubscriber('chart-parcel', { consumes: [ParcelWeighedV1], ...options });
export const ChartParcelV2 = defineSubscriber('chart-parcel', { consumes: [ParcelWeighedV2], ...options });

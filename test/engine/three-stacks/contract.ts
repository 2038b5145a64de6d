import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod/mini';

const text = z.string().check(z.minLength(1), z.maxLength(128));

export const ParcelArrived = defineEvent('parcel.arrived', {
  schema: z.object({ parcelId: text }),
  key: (parcel) => parcel.parcelId,
  businessLine: 'parcels',
});

/** How often a parcel took effect at a subscriber. */
export const Effects = defineTable('effects', {
  item: z.object({ parcelId: text, subscriber: text, times: z.int().check(z.positive()) }),
  partitionKey: 'parcelId',
  sortKey: 'subscriber',
});

const options = { consumes: [ParcelArrived], tables: [Effects] } as const;

export const SortParcel = defineSubscriber('sort-parcel', options);
export const NotifyReceiver = defineSubscriber('notify-receiver', options);
/** From the stream. */
export const TrackParcel = defineSubscriber('track-parcel', options);
/** The one that comes later. */
export const ArchiveParcel = defineSubscriber('archive-parcel', options);

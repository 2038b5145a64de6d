import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod';

export const ParcelSent = defineEvent('parcel.sent', {
  schema: z.object({ parcelId: z.string(), country: z.string() }),
  key: (parcel) => parcel.parcelId,
  businessLine: 'parcels',
});

/** What a parcel costs to send to a country. */
export const Tariffs = defineTable('tariffs', {
  item: z.object({ country: z.string(), cents: z.int() }),
  partitionKey: 'country',
});

export const Invoices = defineTable('invoices', {
  item: z.object({ parcelId: z.string(), cents: z.int() }),
  partitionKey: 'parcelId',
});

export const WriteInvoice = defineSubscriber('write-invoice', {
  consumes: [ParcelSent],
  tables: [Tariffs, Invoices],
});

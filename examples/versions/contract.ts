import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod/mini';

const sku = z.string();

/** As producers send it that are not deployed anew yet: the price in euros, as a text. */
export const PriceChangedV1 = defineEvent('price.changed', {
  schema: z.object({ sku, price: z.string().check(z.regex(/^\d+\.\d{2}$/)) }),
  key: (change) => change.sku,
  businessLine: 'catalogue',
});

/** The price in cents. A field that is only added needs no new version: this one is another field. */
export const PriceChanged = defineEvent('price.changed', {
  version: 2,
  schema: z.object({ sku, cents: z.int().check(z.nonnegative()) }),
  key: (change) => change.sku,
  businessLine: 'catalogue',
  upgrades: { from: PriceChangedV1, by: ({ price, ...rest }) => ({ ...rest, cents: Number(price.replace('.', '')) }) },
});

export const Prices = defineTable('prices', {
  item: z.object({ sku, cents: z.int() }),
  partitionKey: 'sku',
});

/** It names the newest version alone. */
export const KeepPrice = defineSubscriber('keep-price', {
  consumes: [PriceChanged],
  tables: [Prices],
});

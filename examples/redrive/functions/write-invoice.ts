import { Rejected } from 'waybill';
import { consume } from 'waybill/runtime';
import { Invoices, Tariffs, WriteInvoice } from '../contract.ts';

export const handler = consume(WriteInvoice, async ({ parcelId, country }, { tx }) => {
  const tariff = await tx.get(Tariffs, { country });
  if (!tariff) throw new Rejected(`There is no tariff for '${country}', to which ${parcelId} goes`);
  tx.put(Invoices, { parcelId, cents: tariff.cents });
});

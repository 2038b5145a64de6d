import { expect, test } from 'vitest';
import { listDead, readRedrive, redrive, resumeRedrive } from 'waybill/operations';
import { publish } from 'waybill/runtime';
import { MemoryStack } from 'waybill/testing';
import { Invoices, ParcelSent, Tariffs, WriteInvoice } from './contract.ts';
import { handler } from './functions/write-invoice.ts';

test('what died for want of a tariff is found by its cause, and sent again once the tariff is there', async () => {
  const stack = new MemoryStack({ subscribers: [WriteInvoice], handlers: { 'write-invoice': handler } });
  const environment = stack.environment();
  for (let n = 1; n <= 40; n++) await publish(ParcelSent, { parcelId: `parcel-${n}`, country: 'IS' }, { environment });
  await stack.settle();
  const [group] = await listDead({ environment });
  expect(group).toMatchObject({ subscriber: 'write-invoice', reason: 'rejected', count: 40 });

  // Nobody has mended anything yet: one parcel leaves, and no more.
  const { operation } = await redrive(WriteInvoice, { cause: group?.cause, environment });
  await stack.advance('5m');
  expect(await readRedrive(operation, { environment })).toMatchObject({ state: 'stopped', sent: 1, relapsed: 1 });

  stack.row(Tariffs, { country: 'IS', cents: 1_900 });
  await resumeRedrive(operation, { environment });
  await stack.advance('5m');
  expect(await readRedrive(operation, { environment })).toMatchObject({ state: 'done', sent: 40, handled: 39 });

  // The one that relapsed died anew, after the redrive had begun: it is for the next one.
  await redrive(WriteInvoice, { environment });
  await stack.advance('5m');
  expect(stack.rows(Invoices)).toHaveLength(40);
  expect(await stack.deadLetters('write-invoice')).toEqual([]);
});

import { Rejected } from 'waybill';
import { consume } from 'waybill/runtime';
import { Effects, ParcelStamped, StampParcel, Totals } from '../contract.ts';

export const handler = consume(StampParcel, async ({ parcelId, grams, trouble }, { tx, message }) => {
  const first = message.attempt === 1;
  if (trouble === 'crashes') process.kill(process.pid, 'SIGKILL');
  if (trouble === 'blocks' && first) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
  if (trouble === 'hangs' && first) await new Promise<never>(() => {});
  if (trouble === 'unwanted' && !process.env.ACCEPTS_ALL) throw new Rejected('nobody wants this parcel');

  const subscriber = StampParcel.name;
  tx.update(Effects, { parcelId, subscriber }, { create: true, add: { times: 1, grams } });
  tx.update(Totals, { subscriber }, { create: true, add: { parcels: 1, grams } });
  tx.publish(ParcelStamped, { parcelId, grams });
});

import { consume } from 'waybill/runtime';
import { AddUpUse, DailyUse } from '../contract.ts';

/** Adds a reading to its day. A sum is the same in whatever order its parts come: readings may overtake each other. */
export const handler = consume(AddUpUse, ({ meterId, readAt, wattHours }, { tx }) => {
  tx.once(`${meterId}_${readAt}`);
  tx.update(DailyUse, { meterId, day: readAt.slice(0, 10) }, { create: true, add: { wattHours, readings: 1 } });
});

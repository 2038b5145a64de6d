import { defineEvent, defineSubscriber, defineTable } from 'waybill';
import * as z from 'zod/mini';

const wattHours = z.int().check(z.nonnegative());

/** An electricity meter has measured what was used since it measured before. */
export const MeterRead = defineEvent('meter.read', {
  schema: z.object({ meterId: z.string(), readAt: z.iso.datetime(), wattHours }),
  key: ({ meterId }) => meterId,
  businessLine: 'telemetry',
});

/** The projection: what a meter has used on a day (UTC). */
export const DailyUse = defineTable('daily-use', {
  item: z.object({ meterId: z.string(), day: z.iso.date(), wattHours, readings: z.int() }),
  partitionKey: 'meterId',
  sortKey: 'day',
});

export const AddUpUse = defineSubscriber('add-up-use', {
  consumes: [MeterRead],
  tables: [DailyUse],
});

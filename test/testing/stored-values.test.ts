import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { not } from '../../lib/aws/condition.ts';
import { consume, type HandlerOrHandlers } from '../../lib/consume/consume.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { testLedger } from '../../lib/testing/test-ledger.ts';

const Measured = defineEvent('meter.measured', {
  schema: z.object({ meter: z.string() }),
  key: ({ meter }) => meter,
  businessLine: 'meters',
});
const Reported = defineEvent('meter.reported', {
  schema: z.object({ meter: z.string(), values: z.array(z.any()) }),
  key: ({ meter }) => meter,
  businessLine: 'meters',
});
/** The schema takes whatever a handler gives: what a row can hold is not its business. */
const Meter = defineTable('meter', {
  item: z.object({ meter: z.string(), value: z.any(), total: z.bigint().optional() }),
  partitionKey: 'meter',
  bigints: ['total'],
});
const Count = defineSubscriber('count', { consumes: [Measured], publishes: [Reported], tables: [Meter] });

const key = { meter: 'a' };
type CountHandler = HandlerOrHandlers<typeof Count>;
const deliver = async (handler: CountHandler, value: unknown = 1) =>
  testLedger()
    .row(Meter, { ...key, value })
    .deliver(consume(Count, handler), Measured, key);

describe('what no row can hold', () => {
  const stored: Readonly<Record<string, CountHandler>> = {
    put: (_, { tx }) => tx.put(Meter, { ...key, value: { at: [new Date(0)] } }),
    set: (_, { tx }) => tx.update(Meter, key, { set: { value: { at: [new Date(0)] } } }),
    compared: (_, { tx }) => tx.update(Meter, key, { set: { value: 1 }, when: { value: { at: [new Date(0)] } } }),
    'compared by not': (_, { tx }) =>
      tx.update(Meter, key, { set: { value: 1 }, when: { value: not({ at: [new Date(0)] }) } }),
  };

  test.each(Object.entries(stored))('is refused by table and path where it is %s', async (_, handler) => {
    expect(await deliver(handler)).toMatchObject({
      outcome: 'retried',
      reason: 'invalid-payload',
      detail: expect.stringContaining("'meter' has a Date at value.at.0"),
      writes: [],
    });
  });

  test('is refused where a test seeds it', () => {
    expect(() => testLedger().row(Meter, { ...key, value: [1, undefined] })).toThrow(
      "'meter' has undefined at value.1",
    );
  });

  test('is refused by event and path where it is published', async () => {
    const delivery = await deliver((_, { tx }) => {
      tx.publish(Reported, { ...key, values: [{ total: 1n }] });
    });
    expect(delivery).toMatchObject({
      outcome: 'retried',
      reason: 'invalid-payload',
      detail: expect.stringContaining("'meter.reported' is not JSON at values.0.total"),
    });
  });
});

describe('a number', () => {
  test('is read by the next handler as one has written it', async () => {
    const numbers = fc
      .double({ noNaN: true, noDefaultInfinity: true, min: -1e125, max: 1e125 })
      .map((number) => (Math.abs(number) < 1e-130 ? 0 : number));
    await fc.assert(
      fc.asyncProperty(numbers, async (number) => {
        const ledger = testLedger();
        const read: unknown[] = [];
        await ledger.deliver(
          consume(Count, (_, { tx }) => tx.put(Meter, { ...key, value: number })),
          Measured,
          key,
        );
        const reader = consume(Count, async (_, { tx }) => void read.push(await tx.get(Meter, key)));
        await ledger.deliver(reader, Measured, key);
        expect([...read, ledger.read(Meter, key)]).toEqual([
          { ...key, value: number },
          { ...key, value: number },
        ]);
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    [9007199254740993n, 9007199254740993n],
    [10n ** 21n, 1e21],
    [7n, 7],
  ])('%s of others is read whole, and as a BigInt where the table says so', async (stored, value) => {
    const ledger = testLedger().row(Meter, { ...key, value: stored, total: stored });
    const read: unknown[] = [];
    await ledger.deliver(
      consume(Count, async (_, { tx }) => {
        read.push(await tx.get(Meter, key));
      }),
      Measured,
      key,
    );
    expect([...read, ledger.read(Meter, key), ...ledger.rows(Meter)]).toEqual(
      Array(3).fill({ ...key, value, total: stored }),
    );
  });
});

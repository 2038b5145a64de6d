import { inspect } from 'node:util';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import * as mini from 'zod/mini';
import { InvalidDefinition, InvalidPayload } from '../../lib/contract/errors.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { validate } from '../../lib/contract/schema.ts';
import { createEnvelope, decodeEnvelope, encodeEnvelope, readPayload } from '../../lib/message/envelope.ts';
import { context, thrownBy } from '../message/samples.ts';

/** Stands for personal data: no message may repeat it. */
const SECRET = 'alice@example.com';

interface Order {
  readonly orderId: string;
  readonly quantity: number;
  readonly note?: string | undefined;
  readonly lines: readonly { readonly sku: string }[];
  readonly labels: Readonly<Record<string, number>>;
}

/** One contract, in four libraries. `note` becomes upper case. */
const libraries: Readonly<Record<string, StandardSchemaV1<Order, Order>>> = {
  zod: z.object({
    orderId: z.string(),
    quantity: z.int(),
    note: z
      .string()
      .transform((note) => note.toUpperCase())
      .optional(),
    lines: z.array(z.object({ sku: z.string() })),
    labels: z.record(z.string(), z.number()),
  }),
  'zod/mini': mini.object({
    orderId: mini.string(),
    quantity: mini.int(),
    note: mini.optional(
      mini.pipe(
        mini.string(),
        mini.transform((note) => note.toUpperCase()),
      ),
    ),
    lines: mini.array(mini.object({ sku: mini.string() })),
    labels: mini.record(mini.string(), mini.number()),
  }),
  valibot: v.object({
    orderId: v.string(),
    quantity: v.pipe(v.number(), v.integer()),
    note: v.optional(v.pipe(v.string(), v.toUpperCase())),
    lines: v.array(v.object({ sku: v.string() })),
    labels: v.record(v.string(), v.number()),
  }),
  arktype: type({
    orderId: 'string',
    quantity: 'number.integer',
    'note?': type('string').pipe((note) => note.toUpperCase()),
    lines: type({ sku: 'string' }).array(),
    labels: { '[string]': 'number' },
  }),
};

const order: Order = { orderId: '1', quantity: 2, note: 'leave it', lines: [{ sku: 'a' }], labels: { red: 1 } };

describe.each(Object.entries(libraries))('a schema of %s', (_, schema) => {
  const event = defineEvent('order.placed', { schema, key: (valid) => valid.orderId, businessLine: 'orders' });
  const invalid = (payload: unknown) => {
    const error = thrownBy(() => createEnvelope(event, payload, context()));
    expect(error).toBeInstanceOf(InvalidPayload);
    return error as InvalidPayload;
  };

  it('lets its input through to the wire, and its output to the handler', () => {
    const envelope = decodeEnvelope(encodeEnvelope(createEnvelope(event, order, context())));

    expect(envelope.data).toEqual(order);
    expect(readPayload(event, envelope)).toEqual({ ...order, note: 'LEAVE IT' });
  });

  it('has the fields that it refuses named, at any depth', () => {
    const error = invalid({ ...order, quantity: 1.5, lines: [{ sku: 'a' }, { sku: 7 }] });

    expect(error.fields.toSorted()).toEqual(['lines.1.sku', 'quantity']);
    expect(error.message).toMatch(/^'order.placed' is invalid: /);
    for (const field of error.fields) expect(error.message).toContain(field);
  });

  it('has a payload that is wrong altogether refused as a whole', () => {
    const error = invalid(SECRET);

    expect(error.message).toBe("'order.placed' is invalid as a whole");
    expect(error.fields).toEqual([]);
  });

  it('has no value repeated by the error, its properties or what a logger makes of them', () => {
    const error = invalid({ ...order, orderId: { email: SECRET }, quantity: SECRET, lines: SECRET });

    const shown = [error.message, error.stack, String(error), inspect(error, { depth: 5 }), JSON.stringify(error)];
    for (const text of shown) expect(text).not.toContain(SECRET);
  });

  it('has the key of a record taken for the value that it is', () => {
    const error = invalid({ ...order, labels: { [SECRET]: 'x', '13800138000': 'x', red: 'x' } });

    expect(error.fields.toSorted()).toEqual(['labels.*', 'labels.red']);
    expect(inspect(error, { depth: 5 })).not.toMatch(/alice|13800138000/);
  });

  it('has all that it says kept for the dead letter', () => {
    const error = invalid({ ...order, quantity: 1.5 });

    expect(error.detail).toMatch(/^'order.placed' is invalid: quantity: .*int/i);
  });

  it('has its error bounded, however much is wrong and however large it is', () => {
    const lines = Array.from({ length: 1_000 }, () => ({ sku: Array.from({ length: 10 }, () => 'x'.repeat(5)) }));
    for (const payload of [
      { ...order, lines },
      { ...order, quantity: 'x'.repeat(100_000) },
    ]) {
      const error = invalid(payload);
      expect(error.message.length).toBeLessThan(400);
      expect(error.detail.length).toBeLessThan(4_000);
    }
    expect(invalid({ ...order, lines }).message).toContain('and 990 more');
  });
});

describe('a schema that does not answer at once', () => {
  const refuse = (schema: StandardSchemaV1) => {
    const event = defineEvent('order.placed', { schema, key: () => 'k', businessLine: 'orders' });
    return thrownBy(() => createEnvelope(event, 'x', context()));
  };

  it('is refused where it is asynchronous', () => {
    const schemas = [
      z.string().refine(async () => true),
      v.pipeAsync(
        v.string(),
        v.checkAsync(async () => true),
      ),
    ];
    for (const schema of schemas) {
      expect(refuse(schema)).toBeInstanceOf(InvalidDefinition);
      expect(refuse(schema)).toMatchObject({ message: expect.stringContaining("'order.placed'") });
    }
  });

  it('leaves no rejected promise behind, which would end the process', async () => {
    const unseen: unknown[] = [];
    const see = (reason: unknown) => unseen.push(reason);
    process.on('unhandledRejection', see);

    const thrown = refuse(z.string().transform(() => JSON.parse('no JSON')));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', see);

    expect(thrown).toBeInstanceOf(InvalidDefinition);
    expect(unseen).toEqual([]);
  });
});

describe('validating by itself', () => {
  it('gives the output', () => {
    expect(validate(z.object({ at: z.string().transform(Number) }), { at: '7' }, 'row')).toEqual({ at: 7 });
  });

  it('names what it was that is invalid', () => {
    expect(thrownBy(() => validate(z.string(), 7, 'stock'))).toMatchObject({
      message: "'stock' is invalid as a whole",
    });
  });
});

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';
import { InvalidPayload } from '../../lib/contract/errors.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { createEnvelope } from '../../lib/message/envelope.ts';
import { Anything, context, thrownBy } from './samples.ts';

/** What JSON cannot hold, and what it would make of it without a word. */
const LOST: readonly (readonly [string, unknown])[] = [
  ['NaN', Number.NaN],
  ['1/0', Number.POSITIVE_INFINITY],
  ['-1/0', Number.NEGATIVE_INFINITY],
  ['a BigInt', 1n],
  ['an invalid Date', new Date(Number.NaN)],
  ['a Map', new Map([['a', 1]])],
  ['a Set', new Set([1])],
];
/** What JSON leaves out of an object, and makes null of in a list. */
const LOST_IN_LISTS: typeof LOST = [
  ['undefined', undefined],
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
];

const publish = (schema: z.ZodType, payload: unknown) =>
  createEnvelope(defineEvent('order.placed', { schema, key: () => 'k', businessLine: 'orders' }), payload, context());

describe('a payload that is valid only after JSON has changed it', () => {
  const lenient = z.object({ orderId: z.string(), amount: z.any().nullable(), lines: z.array(z.any().nullable()) });

  it.each(LOST)('is refused, naming event and path: %s', (_, value) => {
    for (const [payload, path] of [
      [{ orderId: '1', amount: value, lines: [] }, 'amount'],
      [{ orderId: '1', amount: null, lines: [1, value] }, 'lines.1'],
      [{ orderId: '1', amount: { gross: [{ net: value }] }, lines: [] }, 'amount.gross.0.net'],
    ] as const) {
      const error = thrownBy(() => publish(lenient, payload)) as InvalidPayload;
      expect(error).toBeInstanceOf(InvalidPayload);
      expect(error.fields).toEqual([path]);
      expect(error.message).toContain(`'order.placed' is not JSON at ${path}: it `);
    }
  });

  it.each(LOST_IN_LISTS)('is refused in a list, and left out of an object: %s', (_, value) => {
    const error = thrownBy(() => publish(lenient, { orderId: '1', amount: 1, lines: [value] })) as InvalidPayload;
    expect(error.fields).toEqual(['lines.0']);
    expect(publish(lenient, { orderId: '1', amount: 1, lines: [null], note: value }).data).toEqual({
      orderId: '1',
      amount: 1,
      lines: [null],
    });
  });

  it('is refused wherever it lies in a payload, and no payload is refused that has none of it', () => {
    const json = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__'));
    fc.assert(
      fc.property(fc.array(json), json, fc.constantFrom(...LOST.map(([, value]) => value)), (before, inside, lost) => {
        const payload = { before, inside: { inside } };
        expect(createEnvelope(Anything, payload, context()).data).toEqual(JSON.parse(JSON.stringify(payload)));
        const error = thrownBy(() => createEnvelope(Anything, { ...payload, lost: [...before, lost] }, context()));
        expect((error as InvalidPayload).fields).toEqual([`lost.${before.length}`]);
      }),
    );
  });

  it('is no number that is finite: each is sent as it is', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (amount) => {
        expect(
          (publish(z.object({ amount: z.number().nullable() }), { amount }).data as { amount: number }).amount,
        ).toBe(amount === 0 ? 0 : amount);
      }),
    );
  });
});

describe('a payload that its schema takes, until it becomes JSON', () => {
  it.each([
    ['a field of it', z.object({ at: z.date() }), { at: new Date(0) }, ['at'], ' (at)'],
    ['several', z.object({ a: z.date(), b: z.date() }), { a: new Date(0), b: new Date(0) }, ['a', 'b'], ' (a, b)'],
    ['all of it', z.date(), new Date(0), [], ''],
  ])('is refused with what it is about: %s', (_, schema, payload, fields, where) => {
    const error = thrownBy(() => publish(schema, payload)) as InvalidPayload;
    expect(error).toBeInstanceOf(InvalidPayload);
    expect(error.message).toBe(
      `'order.placed' is valid only until it becomes JSON${where}: a Date becomes a text, a Map becomes {}. Let the schema take what JSON carries`,
    );
    expect(error.fields).toEqual(fields);
    expect(error.detail).toContain('expected date');
  });

  it('is refused as what it is where the schema does not take it before either', () => {
    const error = thrownBy(() => publish(z.object({ at: z.date() }), { at: 'today' })) as InvalidPayload;
    expect(error.message).not.toContain('until it becomes JSON');
    expect(error.fields).toEqual(['at']);
  });
});

describe('a field that the schema drops', () => {
  const SECRET = 'passwordHash';
  const User = z.object({
    id: z.string(),
    address: z.object({ city: z.string() }).optional(),
    lines: z.array(z.object({ sku: z.string() })).default([]),
  });

  it('is not in the envelope, at whatever depth it lies', () => {
    const data = {
      id: '1',
      address: { city: 'Ulm', [SECRET]: 'x' },
      lines: [{ sku: 'a' }, { sku: 'b', [SECRET]: 'y' }],
    };
    expect(publish(User, { ...data, [SECRET]: { deep: ['z'] } }).data).toEqual({
      id: '1',
      address: { city: 'Ulm' },
      lines: [{ sku: 'a' }, { sku: 'b' }],
    });
  });

  it('is not in the envelope where the schema makes something else of what it knows', () => {
    const Renamed = User.transform(({ id, lines }) => ({ user: id, skus: lines.map(({ sku }) => sku) }));
    const data = { id: '1', lines: [{ sku: 'a', [SECRET]: 'x' }], [SECRET]: 'y' };
    expect(publish(Renamed, data).data).toEqual({ id: '1', lines: [{ sku: 'a' }] });
    const At = z.object({ at: z.string().transform((text) => new Date(text)), note: z.string().optional() });
    expect(publish(At, { at: '2026-11-23', note: 'n', [SECRET]: 'x' }).data).toEqual({ at: '2026-11-23', note: 'n' });
  });

  it('is told from one that the schema knows under another name, or only looks at', () => {
    const Noted = z
      .object({ id: z.string(), note: z.string().optional() })
      .transform(({ id, note }) => ({ id, remark: note }));
    expect(publish(Noted, { id: '1', note: 'n', [SECRET]: 'x' }).data).toEqual({ id: '1', note: 'n' });
    const Checked = z
      .looseObject({ id: z.string() })
      .refine((user) => user.agreed === true)
      .transform(({ id }) => ({ id }));
    expect(publish(Checked, { id: '1', agreed: true, [SECRET]: 'x' }).data).toEqual({ id: '1', agreed: true });
  });

  it('is kept where the schema keeps it, or hides what it makes of it', () => {
    expect(publish(z.looseObject({ id: z.string() }), { id: '1', more: 1 }).data).toEqual({ id: '1', more: 1 });
    class Money {
      readonly #note: unknown;
      constructor(note: unknown) {
        this.#note = note;
      }
      note() {
        return this.#note;
      }
    }
    const Hidden = z.object({ note: z.string().optional() }).transform(({ note }) => new Money(note));
    expect(publish(Hidden, { note: 'n' }).data).toEqual({ note: 'n' });
  });

  it('is all that is left out: what the schema makes of the rest is the same', () => {
    const keys = fc.constantFrom('id', 'address', 'lines', 'other', SECRET);
    const extra = fc.dictionary(keys, fc.jsonValue()).filter((one) => !JSON.stringify(one).includes('__proto__'));
    fc.assert(
      fc.property(extra, fc.array(extra), extra, (more, lines, address) => {
        const payload = {
          ...more,
          id: '1',
          address: { ...address, city: 'Ulm' },
          lines: lines.map((line) => ({ ...line, sku: 'a' })),
        };
        expect(publish(User, payload).data).toEqual(User.parse(payload));
      }),
    );
  });
});

test('a publisher of any name makes a source that is a URI reference', () => {
  expect(createEnvelope(Anything, 1, context({ publisher: 'web shop' })).source).toBe('/ledger/web%20shop');
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), (publisher) => {
      const { source } = createEnvelope(Anything, 1, context({ publisher }));
      expect(new URL(source, 'https://example.com').pathname).toBe(source);
      expect(source).toMatch(/^\/ledger\/[\w.!~*'()%-]+$/);
    }),
  );
});

test('a key with a control character or a noncharacter is refused: no attribute of an event may hold it', () => {
  for (const key of ['a\0', 'a\nb', '\u007f', 'a\u0085', '\uFFFE', '\u{1FFFF}', '\uFDD0']) {
    const event = defineEvent('order.placed', { schema: z.any(), key: () => key, businessLine: 'orders' });
    expect(() => createEnvelope(event, 1, context())).toThrow(/key of 'order.placed' holds a control character/);
  }
});

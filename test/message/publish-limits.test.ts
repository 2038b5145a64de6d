import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { InvalidPayload, LimitExceeded, type WaybillError } from '../../lib/contract/errors.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { LIMITS } from '../../lib/contract/limits.ts';
import { createEnvelope, encodeEnvelope } from '../../lib/message/envelope.ts';
import { Anything, anything, context, OrderPlaced, thrownBy } from './samples.ts';

function publish(payload: unknown) {
  return createEnvelope(Anything, payload, context());
}

function publishWithKey(key: unknown) {
  const event = defineEvent('keyed', { schema: anything(), key: () => key as string, businessLine: 'tests' });
  return createEnvelope(event, null, context());
}

/** Objects and arrays in turn, around a number. */
function nested(levels: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

describe('the size of a message', () => {
  const room = LIMITS.envelopeBytes - Buffer.byteLength(encodeEnvelope(publish('')));

  it.each([
    ['plain letters', 'a', 1],
    ['letters of three bytes', '运', 3],
    ['characters that are escaped', '\uFFFF', 6],
    ['control characters', '\0', 6],
  ])('is counted to the byte, as the wire carries it: %s', (_, character, bytes) => {
    const fitting = character.repeat(Math.floor(room / bytes)) + 'a'.repeat(room % bytes);

    expect(Buffer.byteLength(encodeEnvelope(publish(fitting)))).toBe(LIMITS.envelopeBytes);
    expect(() => publish(`${fitting}a`)).toThrow(LimitExceeded);
  });

  it('above the limit is refused with what to do instead', () => {
    expect(() => publish('a'.repeat(LIMITS.envelopeBytes))).toThrow(/Store the large part elsewhere/);
  });

  it('leaves room for the keys of a DynamoDB item, and fits into an SQS message', () => {
    expect(LIMITS.envelopeBytes).toBeLessThanOrEqual(390 * 1024);
    expect(LIMITS.envelopeBytes).toBeLessThan(LIMITS.wireBytes);
  });
});

describe('the depth of a message', () => {
  it('is counted with its envelope', () => {
    expect(publish(nested(LIMITS.depth - 1)).data).toEqual(nested(LIMITS.depth - 1));
    expect(() => publish(nested(LIMITS.depth))).toThrow(LimitExceeded);
  });

  it.each([1_000, 5_000, 100_000])('of %i levels is refused like any other', (levels) => {
    expect(() => publish(nested(levels))).toThrow(LimitExceeded);
  });
});

describe('the business key', () => {
  it('has up to 256 characters', () => {
    expect(publishWithKey('k'.repeat(256)).partitionkey).toHaveLength(256);
    expect(() => publishWithKey('k'.repeat(257))).toThrow(LimitExceeded);
  });

  it.each([
    ['empty', ''],
    ['undefined', undefined],
    ['a number', 7],
    ['an object', {}],
    ['half a surrogate pair', 'order \uD800'],
  ])('is a well-formed text: %s is refused', (_, key) => {
    expect(() => publishWithKey(key)).toThrow(/^The business key of '.+' is not a well-formed text/);
  });

  it('is never quoted by an error', () => {
    const error = thrownBy(() => publishWithKey(`alice@example.com${'x'.repeat(256)}`)) as WaybillError;
    expect(error.message).not.toContain('alice');
    expect(error.message).toContain('273 characters');
  });
});

describe('what JSON cannot carry', () => {
  const cycle: Record<string, unknown> = {};
  cycle.itself = cycle;
  const refused: readonly (readonly [string, unknown])[] = [
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['a BigInt', { amount: 1n }],
    ['a cycle', cycle],
    [
      'a toJSON that throws',
      {
        toJSON() {
          throw new Error('not today');
        },
      },
    ],
    ['a `__proto__` key', JSON.parse('{"__proto__":{"admin":true}}')],
    ['a `__proto__` key with an escape', JSON.parse('[{"a":{"\\u005f_proto__":1}}]')],
  ];

  it.each(refused)('is refused: %s', (_, payload) => {
    const error = thrownBy(() => publish(payload)) as InvalidPayload;
    expect(error).toBeInstanceOf(InvalidPayload);
    expect(error.message).toContain("'anything'");
    expect(error.message).not.toContain('not today');
  });

  it('is refused where it stands for a number: NaN and Infinity become null', () => {
    for (const quantity of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const error = thrownBy(() => createEnvelope(OrderPlaced, { orderId: '1', quantity }, context()));
      expect((error as InvalidPayload).fields).toEqual(['quantity']);
    }
  });

  it('is told clearly where a schema wants it: a Date must be a text on the wire', () => {
    const event = defineEvent('order.placed', {
      schema: z.object({ orderId: z.string(), at: z.date() }),
      key: (order) => order.orderId,
      businessLine: 'orders',
    });

    const error = thrownBy(() => createEnvelope(event, { orderId: '1', at: new Date(0) }, context()));

    expect(error).toBeInstanceOf(InvalidPayload);
    expect(error).toMatchObject({
      fields: ['at'],
      message: expect.stringMatching(/JSON \(at\).*a Date becomes a text/),
    });
  });

  it('is not blamed where the payload is wrong by itself', () => {
    const error = thrownBy(() => createEnvelope(OrderPlaced, { orderId: '1', quantity: -1 }, context()));
    expect(error).toMatchObject({ message: "'order.placed' is invalid: quantity" });
  });

  it('may be a Date for a schema that takes its text', () => {
    const event = defineEvent('order.placed', {
      schema: z.object({ at: z.iso.datetime() }),
      key: (order) => order.at,
      businessLine: 'orders',
    });
    expect(createEnvelope(event, { at: new Date(0) }, context()).partitionkey).toBe('1970-01-01T00:00:00.000Z');
  });
});

describe('a schema', () => {
  it('sees the payload as the wire carries it', () => {
    const seen: unknown[] = [];
    const schema = z.unknown().refine((value) => seen.push(value) > 0);
    const event = defineEvent('seen', { schema, key: () => 'k', businessLine: 'tests' });

    createEnvelope(event, { at: new Date(0), dropped: undefined }, context());

    expect(seen).toEqual([{ at: '1970-01-01T00:00:00.000Z' }]);
  });

  it.each([
    ['too deep', nested(1_000)],
    ['too large', 'x'.repeat(LIMITS.envelopeBytes + 1)],
    ['not JSON', 1n],
    ['about to change prototypes', JSON.parse('{"__proto__":1}')],
  ])('is never asked about a payload that is %s', (_, payload) => {
    const schema = anything();
    const event = defineEvent('guarded', { schema, key: () => 'k', businessLine: 'tests' });

    thrownBy(() => createEnvelope(event, payload, context()));

    expect(schema.asked).toBe(0);
  });
});

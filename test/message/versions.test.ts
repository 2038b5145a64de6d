import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { InvalidPayload, NewerEventVersion } from '../../lib/contract/errors.ts';
import { defineEvent, type EventDefinition, type EventOutput } from '../../lib/contract/event.ts';
import { createEnvelope, readPayload } from '../../lib/message/envelope.ts';
import { context, thrownBy } from './samples.ts';

/** A price in whole units, then in cents, then with its currency. */
const PriceV1 = defineEvent('price.set', {
  schema: z.object({ sku: z.string(), price: z.number() }),
  key: ({ sku }) => sku,
  businessLine: 'prices',
});
const PriceV2 = defineEvent('price.set', {
  version: 2,
  schema: z.object({ sku: z.string(), cents: z.int() }),
  key: ({ sku }) => sku,
  businessLine: 'prices',
  upgrades: { from: PriceV1, by: ({ sku, price }) => ({ sku, cents: Math.round(price * 100) }) },
});
const PriceV3 = defineEvent('price.set', {
  version: 3,
  schema: z.object({ sku: z.string(), cents: z.int().nonnegative(), currency: z.string().default('EUR') }),
  key: ({ sku }) => sku,
  businessLine: 'prices',
  upgrades: { from: PriceV2, by: (old) => old },
});

const published = (event: EventDefinition, payload: unknown) => createEnvelope(event, payload, context());

describe('a message of an older version', () => {
  it('reaches the handler in the version that it knows', () => {
    expect(readPayload(PriceV2, published(PriceV1, { sku: 'a', price: 1.5 }))).toEqual({ sku: 'a', cents: 150 });
  });

  it('is upgraded step by step, each result validated and completed by its own schema', () => {
    const payload: EventOutput<typeof PriceV3> = readPayload(PriceV3, published(PriceV1, { sku: 'a', price: 1.5 }));
    expect(payload).toEqual({ sku: 'a', cents: 150, currency: 'EUR' });
  });

  it('takes only the steps that it needs', () => {
    expect(readPayload(PriceV3, published(PriceV2, { sku: 'a', cents: 7 }))).toEqual({
      sku: 'a',
      cents: 7,
      currency: 'EUR',
    });
  });

  it('is read by its own version as it was published', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0 }), (sku, cents) => {
        fc.pre(sku !== '');
        expect(readPayload(PriceV2, published(PriceV2, { sku, cents }))).toEqual({ sku, cents });
      }),
    );
  });

  it('is refused when it does not satisfy the schema that it was published with', () => {
    const envelope = { ...published(PriceV1, { sku: 'a', price: 1 }), data: { sku: 'a', price: 'free' } };
    expect(thrownBy(() => readPayload(PriceV3, envelope))).toMatchObject({
      code: 'invalid-payload',
      fields: ['price'],
    });
  });

  it('is refused when its upgrade does not satisfy the newer schema', () => {
    const envelope = published(PriceV1, { sku: 'a', price: -1 });
    expect(readPayload(PriceV2, envelope)).toEqual({ sku: 'a', cents: -100 });
    expect(thrownBy(() => readPayload(PriceV3, envelope))).toMatchObject({
      code: 'invalid-payload',
      fields: ['cents'],
    });
  });

  it('fails as its upgrade does: that is no fault of the message', () => {
    const failure = new RangeError('no exchange rate');
    const Failing = defineEvent('price.set', {
      version: 2,
      schema: z.object({ sku: z.string() }),
      key: ({ sku }) => sku,
      businessLine: 'prices',
      upgrades: {
        from: PriceV1,
        by: () => {
          throw failure;
        },
      },
    });
    expect(thrownBy(() => readPayload(Failing, published(PriceV1, { sku: 'a', price: 1 })))).toBe(failure);
  });

  it('is refused where no upgrade leads from it', () => {
    const envelope = { ...published(PriceV1, { sku: 'a', price: 1 }), version: 0 };
    const error = thrownBy(() => readPayload(PriceV3, envelope));
    expect(error).toBeInstanceOf(InvalidPayload);
    expect(error).toMatchObject({ message: expect.stringContaining('no upgrade') });
  });
});

describe('a message of a newer version', () => {
  it('is told apart from an invalid one, whatever it holds: the deploy that understands it is on its way', () => {
    const newer = published(PriceV3, { sku: 'a', cents: 1 });
    expect(() => readPayload(PriceV1, newer)).toThrow(NewerEventVersion);
    expect(() => readPayload(PriceV2, { ...newer, data: null })).toThrow(/version 3; this deployment knows 2/);
  });
});

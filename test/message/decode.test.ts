import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedMessage, WaybillError } from '../../lib/contract/errors.ts';
import { LIMITS } from '../../lib/contract/limits.ts';
import { createEnvelope, decodeEnvelope, type Envelope, encodeEnvelope } from '../../lib/message/envelope.ts';
import { mintMessageId } from '../../lib/message/message-id.ts';
import { Anything, anyText, context, fullEnvelope, NOON, seededRandom, thrownBy } from './samples.ts';

/** Stands for personal data: no error may repeat it. */
const SECRET = 'alice@example.com';

const good = fullEnvelope({ email: SECRET });

/** Decodes an envelope of which attributes were replaced, or removed where they are `undefined`. */
function decodeWith(attributes: Record<string, unknown>): Envelope {
  return decodeEnvelope(JSON.stringify({ ...good, ...attributes }));
}

function refusal(text: string): MalformedMessage {
  const error = thrownBy(() => decodeEnvelope(text));
  expect(error).toBeInstanceOf(MalformedMessage);
  expect((error as MalformedMessage).message).not.toContain(SECRET);
  expect((error as MalformedMessage).message.length).toBeLessThan(200);
  return error as MalformedMessage;
}

describe('an envelope with one wrong attribute is refused, naming it', () => {
  const otherId = mintMessageId({ now: NOON + 1, random: seededRandom('other')(16), key: 'a', shards: 16 });
  const wrong: { readonly [Attribute in keyof Envelope]-?: readonly unknown[] } = {
    specversion: [undefined, '0.3', '1.0.2', 1, 1.0, ''],
    id: [undefined, null, '', SECRET, 7, ['x'], good.id.toUpperCase(), '7a2f0f1e-0f5a-4b0e-9d5e-0c3c1c8c0f00'],
    source: [undefined, null, '', 7, ['/a'], 's'.repeat(1_025)],
    type: [undefined, null, '', 7, {}, 't'.repeat(1_025)],
    time: [
      undefined,
      null,
      '',
      SECRET,
      NOON,
      '2026-11-23T08:14:00.001Z',
      '2026-11-23T08:14:00',
      '2026-11-23',
      'Mon, 23 Nov 2026 08:14:00 GMT',
      '2026-11-23T09:14:00+01:00',
    ],
    datacontenttype: [undefined, 'text/plain', 'application/json; charset=utf-8', 7],
    partitionkey: [undefined, null, '', 7, { key: SECRET }, 'k'.repeat(257)],
    version: [undefined, null, 0, -1, 1.5, '1', 2 ** 53, true],
    businessline: [undefined, null, '', 7, 'b'.repeat(1_025)],
    correlationid: [undefined, null, '', SECRET, 7],
    causationid: [null, '', SECRET, 7],
    traceparent: [undefined, null, '', SECRET, `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    expires: [undefined, null, '', SECRET, 'never', '2026-13-01T00:00:00Z', '2026-11-23T25:00:00Z', 1e15, 'foo 1'],
    deliverat: [null, '', SECRET, 7, '2026-11-23T08:14', '2026-13-01T00:00:00Z', 1e15],
    ledger: [undefined, null, '', 7, 'l'.repeat(1_025)],
    order: ['', 'orders', 'orders one', 'orders 1 placed', 'Orders 1', 'orders 1 placed/0/x/1', 17, null],
    signature: [null, '', 7, 's'.repeat(1_025)],
    relayed: [null, '', SECRET, 7, '2026-11-23T08:14'],
    data: [undefined],
    data_base64: [null, '', 7, {}],
    // Without a compressed payload it is an extension like any other.
    contentencoding: [],
  };
  const cases = Object.entries(wrong).flatMap(([attribute, values]) =>
    values.map((value) => ({ attribute, value, shown: JSON.stringify(value)?.slice(0, 60) })),
  );

  it('but as it is, it is taken', () => {
    expect(decodeWith({})).toEqual(good);
  });

  it.each(cases)('$attribute: $shown', ({ attribute, value }) => {
    const { message } = refusal(JSON.stringify({ ...good, [attribute]: value }));
    expect(message).toContain(`'${attribute}'`);
  });

  it('also where another type of value takes the place of any attribute but the payload', () => {
    const notText = fc.oneof(fc.boolean(), fc.double(), fc.array(fc.string()), fc.dictionary(fc.string(), fc.string()));
    const attributes = Object.keys(good).filter((name) => name !== 'data' && name !== 'version');
    fc.assert(
      fc.property(fc.constantFrom(...attributes), notText, (attribute, value) => {
        fc.pre(!JSON.stringify(value).includes('__proto__'));
        expect(refusal(JSON.stringify({ ...good, [attribute]: value })).message).toContain(`'${attribute}'`);
      }),
    );
  });

  it('also where its id and its time tell two moments', () => {
    expect(refusal(JSON.stringify({ ...good, id: otherId })).message).toContain("'time'");
  });
});

describe('what an envelope may be', () => {
  it('the first of its chain, and not relayed yet', () => {
    const { causationid, relayed, ...first } = good;
    expect(decodeEnvelope(JSON.stringify(first))).toEqual(first);
  });

  it('of any payload that is there: null, false and an empty text too', () => {
    for (const data of [null, false, 0, '', [], {}]) expect(decodeWith({ data }).data).toEqual(data);
  });

  it('stamped by a clock that writes seconds, or more than milliseconds', () => {
    expect(decodeWith({ time: '2026-11-23T08:14:00Z', relayed: '2026-11-23T08:14:00.123456789Z' }).time).toBe(
      '2026-11-23T08:14:00Z',
    );
  });

  it('of a type, version and business line that nobody here knows: that is for the subscriber to judge', () => {
    expect(decodeWith({ type: 'order.unheard-of', version: 99, businessline: 'new' }).version).toBe(99);
  });
});

describe('bytes that are no envelope', () => {
  it('are refused with nothing but MalformedMessage, whatever text they are', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.json(), fc.string()), (text) => {
        refusal(text);
      }),
      { numRuns: 500 },
    );
  });

  it('are refused wherever an envelope was cut off', () => {
    const text = encodeEnvelope(good);
    for (let end = 0; end < text.length; end++) refusal(text.slice(0, end));
  });

  it('are refused, or are still an envelope, when one character has changed', () => {
    const text = encodeEnvelope(good);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ unit: 'binary', maxLength: 1 }), (at, character) => {
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        try {
          const decoded = decodeEnvelope(changed);
          expect(decodeEnvelope(encodeEnvelope(decoded))).toEqual(decoded);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['nothing', ''],
    ['a number', '42'],
    ['null', 'null'],
    ['a text', `"${SECRET}"`],
    ['an array of envelopes', JSON.stringify([good])],
    ['two envelopes', `${JSON.stringify(good)}${JSON.stringify(good)}`],
    ['an empty object', '{}'],
    ['XML', `<order email="${SECRET}"/>`],
    ['JSON with a comment', `${JSON.stringify(good)} // ${SECRET}`],
    ['NaN', `{"id":NaN,"email":"${SECRET}"}`],
    ['single quotes', `{'email':'${SECRET}'}`],
    ['a base64 text', Buffer.from(JSON.stringify(good)).toString('base64')],
  ])('are refused without being quoted: %s', (_, text) => {
    refusal(text);
  });
});

describe('what passes publish', () => {
  it('passes decode', () => {
    const values = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withSparseArray: true,
    });
    fc.assert(
      fc.property(values, (payload) => {
        let text: string;
        try {
          text = encodeEnvelope(createEnvelope(Anything, payload, context()));
        } catch (error) {
          expect(error).toBeInstanceOf(WaybillError);
          return;
        }
        expect(decodeEnvelope(text).data).toEqual(JSON.parse(JSON.stringify(payload)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('passes decode at the limits too', () => {
    const nest = (levels: number): unknown =>
      levels === 0 ? 0 : levels % 2 === 0 ? [nest(levels - 1)] : { a: nest(levels - 1) };
    let [passed, refused] = [0, 0];
    fc.assert(
      fc.property(fc.integer({ min: LIMITS.depth - 4, max: LIMITS.depth + 4 }), fc.nat(3_000), (levels, below) => {
        const payload = { deep: nest(levels), large: '\uFFFF'.repeat((LIMITS.envelopeBytes - 1_500 + below) / 6) };
        let text: string;
        try {
          text = encodeEnvelope(createEnvelope(Anything, payload, context()));
        } catch (error) {
          expect((error as WaybillError).code).toBe('limit-exceeded');
          refused++;
          return;
        }
        passed++;
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LIMITS.envelopeBytes);
        expect(decodeEnvelope(text).data).toEqual(payload);
      }),
      // One in nine passes.
      { numRuns: 150 },
    );
    expect(Math.min(passed, refused)).toBeGreaterThan(0);
  });
});

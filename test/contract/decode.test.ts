import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  createEnvelope,
  decodeEnvelope,
  type Envelope,
  encodeEnvelope,
  LIMITS,
  MalformedMessage,
  mintMessageId,
  WaybillError,
} from '../../lib/contract/index.ts';
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

afterEach(() => {
  vi.restoreAllMocks();
});

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
    ledger: [undefined, null, '', 7, 'l'.repeat(1_025)],
    relayed: [null, '', SECRET, 7, '2026-11-23T08:14'],
    data: [undefined],
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

describe('hostile bytes', () => {
  const nested: readonly (readonly [string, string])[] = [
    ['arrays', '['.repeat(500_000)],
    ['closed arrays', '['.repeat(250_000) + ']'.repeat(250_000)],
    ['objects', '{"a":'.repeat(500_000 / 5)],
    ['arrays and objects in turn', '[{"a":'.repeat(500_000 / 6)],
    ['a payload in an envelope', JSON.stringify(good).replace('"data":{', `"data":{"deep":${'['.repeat(500_000)},`)],
  ];

  it.each(nested)('are refused at the depth limit, however deep they are: %s', (_, text) => {
    const parsed = vi.spyOn(JSON, 'parse');
    const read = vi.spyOn(String.prototype, 'charCodeAt');
    const error = thrownBy(() => decodeEnvelope(text));
    const steps = read.mock.calls.length;
    const parses = parsed.mock.calls.length;
    vi.restoreAllMocks();

    expect(error).toBeInstanceOf(MalformedMessage);
    expect((error as MalformedMessage).message).toContain(`${LIMITS.depth} levels`);
    expect(parses).toBe(0);
    // An envelope's own attributes come first; after them at most a handful of characters for each level.
    expect(steps).toBeLessThan(JSON.stringify(good).length + LIMITS.depth * 6);
  });

  it('are refused unread above 1 MiB, counted in bytes', () => {
    const parsed = vi.spyOn(JSON, 'parse');
    const big = JSON.stringify({ ...good, data: 'x'.repeat(LIMITS.wireBytes) });
    const wide = JSON.stringify({ ...good, data: '运'.repeat(LIMITS.wireBytes / 3) });

    for (const text of [big, wide]) expect(refusal(text).message).toContain(`${LIMITS.wireBytes} bytes`);
    expect(parsed).not.toHaveBeenCalled();
  });

  it('of 1 MiB are still read in one go', () => {
    const room = LIMITS.wireBytes - Buffer.byteLength(JSON.stringify({ ...good, data: '' }));
    expect(decodeWith({ data: 'x'.repeat(room) }).data).toHaveLength(room);
  });

  it.each([
    ['quotes and backslashes', '"\\'.repeat(50_000)],
    ['an open text', `"${'\\'.repeat(100_000)}`],
    ['closing brackets', ']'.repeat(100_000)],
    ['brackets that open and close', '[]'.repeat(50_000)],
    ['commas', ','.repeat(100_000)],
    ['escapes', `"${'\\u005f'.repeat(16_000)}`],
  ])('take one step a character at most: %s', (_, text) => {
    const brackets = '[],'.repeat(LIMITS.depth + 1);
    const read = vi.spyOn(String.prototype, 'charCodeAt');
    const found = vi.spyOn(String.prototype, 'indexOf');
    const error = thrownBy(() => decodeEnvelope(`[${brackets}${text}`));
    const steps = read.mock.calls.length + found.mock.calls.length;
    vi.restoreAllMocks();

    expect(error).toBeInstanceOf(MalformedMessage);
    expect(steps).toBeLessThan(text.length + brackets.length * 2);
  });

  it.each([
    ['as it is', '{"__proto__":{"admin":true}}'],
    ['with an escape', '{"\\u005f_proto__":{"admin":true}}'],
    ['with escapes only', '{"\\u005f\\u005fproto\\u005F\\u005F":{"admin":true}}'],
    ['below other things', '[{"a":[1,{"__proto__":null}]}]'],
  ])('with a `__proto__` key are refused: %s', (_, data) => {
    const text = JSON.stringify({ ...good, data: 0 }).replace('"data":0', `"data":${data}`);
    expect(refusal(text).message).toContain('__proto__');
  });

  it('with a `__proto__` key among the attributes are refused, before it stands for them', () => {
    expect(refusal(`{"__proto__":${JSON.stringify(good)}}`).message).toContain('__proto__');
  });

  it('may hold that word as a value: it changes nothing', () => {
    expect(decodeWith({ data: '__proto__' }).data).toBe('__proto__');
    expect(decodeWith({ data: { a: '\\u005f_proto__', constructor: { prototype: 1 } } }).data).toBeDefined();
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
    fc.assert(
      fc.property(fc.integer({ min: LIMITS.depth - 4, max: LIMITS.depth + 4 }), fc.nat(3_000), (levels, below) => {
        const payload = { deep: nest(levels), large: '\uFFFF'.repeat((LIMITS.envelopeBytes - 1_500 + below) / 6) };
        let text: string;
        try {
          text = encodeEnvelope(createEnvelope(Anything, payload, context()));
        } catch {
          return;
        }
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LIMITS.envelopeBytes);
        expect(decodeEnvelope(text).data).toEqual(payload);
      }),
      { numRuns: 30 },
    );
  });
});

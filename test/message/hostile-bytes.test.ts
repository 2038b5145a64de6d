import { afterEach, describe, expect, it, vi } from 'vitest';
import { MalformedMessage } from '../../lib/contract/errors.ts';
import { LIMITS } from '../../lib/contract/limits.ts';
import { decodeEnvelope, type Envelope } from '../../lib/message/envelope.ts';
import { fullEnvelope, thrownBy } from './samples.ts';

const good = fullEnvelope();

function decodeWith(attributes: Partial<Envelope>): Envelope {
  return decodeEnvelope(JSON.stringify({ ...good, ...attributes }));
}

function refusal(text: string): MalformedMessage {
  const error = thrownBy(() => decodeEnvelope(text));
  expect(error).toBeInstanceOf(MalformedMessage);
  return error as MalformedMessage;
}

afterEach(() => {
  vi.restoreAllMocks();
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

import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { consume } from '../../lib/consume/consume.ts';
import { LIMITS } from '../../lib/contract/limits.ts';
import { FORMATS } from '../../lib/ledger/rows/format.ts';
import { asStored, outboxRow } from '../../lib/ledger/rows/outbox.ts';
import { payloadOf, uncompressedMessage, withCompressed } from '../../lib/message/compression.ts';
import { decodeEnvelope, type Envelope, encodeEnvelope } from '../../lib/message/envelope.ts';
import { ORDER, OrderPlaced, openShop, ReserveStock, type Shop } from './shop.ts';

const handler = consume(ReserveStock, ({ quantity }) => {
  expect(quantity).toBe(ORDER.quantity);
});

/** A message whose payload is these bytes. */
const packed = (shop: Shop, bytes: Uint8Array): Envelope => withCompressed(shop.envelopeOf(OrderPlaced, ORDER), bytes);

/** What a subscriber made of a message: its inbox rows, and how many business rows there are. */
async function deliver(shop: Shop, envelope: Envelope) {
  await shop.invoke(handler, [shop.queued(envelope)]);
  const ends = shop.written().filter(({ pk }) => String(pk).startsWith('in#'));
  return ends.map(({ state, reason }) => ({ state, reason }));
}

describe('a compressed payload', () => {
  test('is handled as it would be else', async () => {
    const shop = openShop();
    expect(await deliver(shop, packed(shop, gzipSync(JSON.stringify(ORDER))))).toEqual([
      { state: 'handled', reason: undefined },
    ]);
  });

  test.each([
    ['that unpacks to half a gigabyte', () => bombOf(512)],
    ['that unpacks to a byte more than the limit', () => gzipSync(`"${'x'.repeat(LIMITS.wireBytes - 1)}"`)],
    ['of several parts that unpack to too much', () => Buffer.concat([bombOf(1), bombOf(1)])],
    ['that is no gzip', () => Buffer.from('hello')],
    ['that is cut off', () => gzipSync(JSON.stringify(ORDER)).subarray(0, 30)],
    ['of what is no JSON', () => gzipSync('hello')],
    ['of what is no UTF-8', () => gzipSync(Buffer.from([0x22, 0xff, 0x22]))],
    ['of 100 levels', () => gzipSync('['.repeat(100) + ']'.repeat(100))],
    ['with a __proto__ key', () => gzipSync('{"__proto__":{"admin":true}}')],
  ])('%s is dead-lettered, and takes no memory', async (_, bytesOf) => {
    const shop = openShop();
    const bytes = bytesOf();
    const before = process.memoryUsage().arrayBuffers;
    expect(await deliver(shop, packed(shop, bytes))).toEqual([{ state: 'dead', reason: 'malformed-message' }]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * LIMITS.wireBytes);
  });

  test('is as large as the limit allows once it is unpacked, and no larger before it is published', async () => {
    const shop = openShop();
    const text = JSON.stringify('x'.repeat(LIMITS.wireBytes - 2));
    expect(payloadOf(packed(shop, gzipSync(text)))).toHaveLength(LIMITS.wireBytes - 2);
    expect(() => shop.envelopeOf(OrderPlaced, { ...ORDER, sku: 'x'.repeat(LIMITS.envelopeBytes) })).toThrow(
      'the limit is',
    );
  });

  test('of an unknown encoding comes again, and that is no attempt', async () => {
    const shop = openShop();
    const unknown = { ...packed(shop, Buffer.from('?')), contentencoding: 'zstd' };
    expect(await deliver(shop, unknown)).toEqual([]);
    const failures = shop.written().filter(({ pk }) => String(pk).startsWith('fail#'));
    expect(failures).toMatchObject([{ attempts: 0, reason: 'unknown-encoding' }]);
  });

  test('is laid open where its encoding is known, and else left as it is', () => {
    const shop = openShop();
    const plain = shop.envelopeOf(OrderPlaced, ORDER);
    expect(uncompressedMessage(plain)).toBe(plain);
    expect(uncompressedMessage(withCompressed(plain, gzipSync(JSON.stringify(ORDER))))).toEqual(plain);
    const unknown = { ...packed(shop, Buffer.from('?')), contentencoding: 'zstd' };
    expect(uncompressedMessage(unknown)).toBe(unknown);
  });

  test('names no more than the beginning of an encoding that is not known', () => {
    const message = { contentencoding: 'x'.repeat(65), data_base64: '' };
    expect(errorOf(() => payloadOf(message as never))).toMatchObject({
      code: 'unknown-encoding',
      message: `The payload is encoded as '${'x'.repeat(64)}', which is not known here`,
    });
  });

  test('never travels beside one that is not, nor without its encoding', () => {
    const shop = openShop();
    const envelope = packed(shop, gzipSync('1'));
    const refused = expect.objectContaining({ code: 'malformed-message' });
    const { contentencoding: _, ...bare } = envelope;
    for (const wrong of [{ ...envelope, data: ORDER }, bare]) {
      expect(errorOf(() => decodeEnvelope(encodeEnvelope(wrong)))).toEqual(refused);
    }
  });

  test('is what its row holds, byte for byte', () => {
    const shop = openShop();
    const envelope = shop.envelopeOf(OrderPlaced, { ...ORDER, sku: 'x'.repeat(5_000) });
    const row = outboxRow(envelope, FORMATS.compressed);
    expect(Buffer.from(asStored(envelope, row).data_base64 ?? '', 'base64')).toEqual(
      Buffer.from(row.data as Uint8Array),
    );
  });
});

/** The gzip of so many megabytes of one letter, made of few bytes at a time. */
function bombOf(megabytes: number): Buffer {
  const part = gzipSync(Buffer.alloc(1024 * 1024, 0x61), { level: 9 });
  return Buffer.concat(Array.from({ length: megabytes }, () => part));
}

function errorOf(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

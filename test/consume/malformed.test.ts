import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ATTRIBUTES } from '../../lib/aws/record.ts';
import { createRecorder } from '../../lib/consume/recorder.ts';
import { encodeEnvelope } from '../../lib/message/envelope.ts';
import type { StoredMessage } from '../../lib/testing/engines/index.ts';
import { ORDER, OrderPlaced, openShop, refusedBy, type Shop, takeGoods } from './shop.ts';

const MIB = 1024 * 1024;
const shopNow = openShop();
const valid = encodeEnvelope(shopNow.envelopeOf(OrderPlaced, ORDER));
const withData = (data: string) => valid.replace(/"data":\{.*\}\}$/, `"data":${data}}`);

/** Bytes that JSON makes a message of, once U+FFFD stands for what is no UTF-8. */
function brokenText(text: string, within: string): Uint8Array {
  const bytes = Buffer.from(text);
  bytes[bytes.indexOf(JSON.stringify(within)) + 1] = 0xff;
  return bytes;
}

/** Texts that no subscriber can make anything of, by what is wrong with them. */
const TEXTS: Readonly<Record<string, string>> = {
  'no JSON': 'hello',
  'half an envelope': valid.slice(0, -20),
  'JSON that is no object': '"text"',
  null: 'null',
  'a list': '[]',
  'an object that is no envelope': '{"orderId":"1"}',
  'an envelope without an id': valid.replace(/"id":"[^"]*",/, ''),
  'an envelope whose id is a number': valid.replace(/"id":"[^"]*"/, '"id":5'),
  '500,000 levels of lists': '['.repeat(500_000),
  '100,000 levels of objects': `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
  'a deep payload in an envelope': withData(`${'['.repeat(65)}${']'.repeat(65)}`),
  'a __proto__ key': withData('{"__proto__":{"admin":true}}'),
  'an escaped __proto__ key': withData('{"\\u005f_proto__":{"admin":true}}'),
  '1 MB that is no envelope': JSON.stringify({ data: 'x'.repeat(1_000_000) }),
};

/** Bytes that only a stream carries. */
const BYTES: Readonly<Record<string, Uint8Array>> = {
  'no bytes': new Uint8Array(),
  'bytes that are no UTF-8': new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]),
  'a valid message but for a byte in a text of its payload': brokenText(valid, ORDER.sku),
  'a UTF-8 sequence that is cut off': Buffer.from('{"a":"é"}').subarray(0, 7),
  zeros: new Uint8Array(1000),
  '10 MiB': new Uint8Array(10 * MIB).fill(0x61),
};

test.each(Object.entries(TEXTS))(
  '%s in a queue is dead-lettered with its bytes, and the rest of the batch goes on',
  async (_, body) => {
    const shop = openShop();
    shop.stock(5);
    const good = () => shop.queued(shop.envelopeOf(OrderPlaced, ORDER));
    expect(await shop.invoke(takeGoods, [good(), shop.queued(body), good()])).toEqual([]);
    expect(shop.left()).toBe(1);
    const letters = await shop.letters();
    expect(letters).toMatchObject([{ reason: 'malformed-message', subscriber: 'reserve-stock' }]);
    expect(Buffer.from(letters[0]?.bytes ?? []).toString()).toBe(body);
    expect(letters[0]?.id).toBeUndefined();
    expect(shop.written()).toHaveLength(4);
  },
);

test.each([
  ...Object.entries(TEXTS).map(([name, text]) => [name, Buffer.from(text)] as const),
  ...Object.entries(BYTES),
])('%s on a stream is dead-lettered with its bytes, and the rest of the batch goes on', async (_, bytes) => {
  const shop = openShop();
  shop.stock(5);
  const good = () => shop.streamed(shop.envelopeOf(OrderPlaced, ORDER));
  expect(await shop.invoke(takeGoods, [good(), shop.streamed(bytes), good()])).toEqual([]);
  expect(shop.left()).toBe(1);
  const letters = await shop.letters();
  expect(letters).toMatchObject([{ reason: 'malformed-message', subscriber: 'reserve-stock' }]);
  expect(Buffer.compare(Buffer.from(letters[0]?.bytes ?? []), bytes)).toBe(0);
  expect(shop.queue.messages()).toEqual([]);
});

test.each([
  ['whose body a middleware has parsed', { body: { orderId: '1' } }, 'body is object'],
  ['without a body', { body: undefined }, 'body is undefined'],
  ['without attributes', { attributes: undefined }, 'no `attributes`'],
])('a record %s fails alone, and the log says why', async (_, changed, why) => {
  const shop = openShop();
  shop.stock(5);
  const good = () => shop.queued(shop.envelopeOf(OrderPlaced, ORDER));
  const bad = { ...good(), ...changed } as unknown as ReturnType<typeof good>;
  expect(await shop.invoke(takeGoods, [good(), bad, good()])).toEqual([bad.messageId]);
  expect(shop.left()).toBe(1);
  expect(await shop.letters()).toEqual([]);
  expect(shop.environment.lines).toContainEqual(
    expect.objectContaining({
      message: 'retrying',
      fields: expect.objectContaining({ record: bad.messageId, why: expect.stringContaining(why) }),
    }),
  );
});

test('10 MiB are kept in the quarantine bucket, at a key that a repeat overwrites', async () => {
  const shop = openShop();
  const record = shop.streamed(BYTES['10 MiB'] as Uint8Array);
  await shop.invoke(takeGoods, [record]);
  await shop.invoke(takeGoods, [record]);
  expect(shop.engines.s3.keys('quarantine')).toHaveLength(1);
  expect(shop.dead.messages()).toHaveLength(2);
});

describe('a quarantined letter', () => {
  const bytes = new Uint8Array(900_000).fill(0xff);
  const letterIn = (shop: Shop) => shop.dead.messages().at(-1) as StoredMessage;
  /** A shop with a letter of these bytes in its dead-letter queue. */
  async function quarantined() {
    const shop = openShop();
    await shop.invoke(takeGoods, [shop.streamed(bytes)]);
    return shop;
  }

  test('still leads to its bytes, however often it is sent again unchanged', async () => {
    const shop = await quarantined();
    const first = letterIn(shop);
    for (let times = 1; times <= 3; times++) {
      const { body, attributes } = letterIn(shop);
      expect(await shop.invoke(takeGoods, [shop.queued(body, { attributes })])).toEqual([]);
      expect(shop.dead.messages()).toHaveLength(times + 1);
    }
    expect(letterIn(shop).body).toBe(first.body);
    for (const letter of await shop.letters()) {
      expect(letter.reason).toBe('malformed-message');
      expect(Buffer.compare(Buffer.from(letter.bytes), bytes)).toBe(0);
    }
    expect(shop.engines.s3.keys('quarantine')).toHaveLength(1);
  });

  test('still leads to its bytes when SQS gave it up', async () => {
    const shop = await quarantined();
    const { body, attributes } = letterIn(shop);
    await shop.invoke(createRecorder(), [shop.queued(body, { attributes, receives: 101 })]);
    const letters = await shop.letters();
    expect(letters.map(({ reason }) => reason)).toEqual(['malformed-message', 'receives-exhausted']);
    expect(Buffer.compare(Buffer.from(letters[1]?.bytes ?? []), bytes)).toBe(0);
  });

  test('whose body is no pointer is kept as it is', async () => {
    const texts = fc.oneof(
      fc.json(),
      fc.string({ unit: 'grapheme-ascii', minLength: 1 }),
      fc.constant('{"bucket":"b"}'),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (body) => {
        const shop = openShop();
        const attributes = {
          [ATTRIBUTES.reason]: { DataType: 'String', StringValue: 'x' },
          [ATTRIBUTES.encoding]: { DataType: 'String', StringValue: 'quarantine' },
        };
        expect(await shop.invoke(takeGoods, [shop.queued(body, { attributes })])).toEqual([]);
        const [letter] = await shop.letters();
        expect(Buffer.from(letter?.bytes ?? []).toString()).toBe(body);
      }),
      { numRuns: 30 },
    );
  });
});

test('bytes that could not be dead-lettered come again from a queue', async () => {
  const shop = openShop();
  shop.from('SendMessageBatch', refusedBy('ServiceUnavailable', 'server'));
  const record = shop.queued('hello');
  expect(await shop.invoke(takeGoods, [record])).toEqual([record.messageId]);
});

test('bytes that could not be dead-lettered come again from a stream with their whole batch', async () => {
  const shop = openShop();
  shop.stock(5);
  shop.from('SendMessageBatch', refusedBy('ServiceUnavailable', 'server'));
  const batch = [shop.streamed(shop.envelopeOf(OrderPlaced, ORDER)), shop.streamed('hello')];
  await expect(shop.invoke(takeGoods, batch)).rejects.toMatchObject({ code: 'send-failed' });
  shop.from('SendMessageBatch', undefined);
  expect(await shop.invoke(takeGoods, batch)).toEqual([]);
  expect([shop.left(), (await shop.letters()).length]).toEqual([3, 1]);
});

test('an empty batch is done at once', async () => {
  const shop = openShop();
  expect(await shop.invoke(takeGoods, [])).toEqual([]);
  expect(shop.calls).toEqual([]);
});

test.each([[{}], [{ Records: 'many' }], [{ detail: {} }], [[]]])(
  'an event that is no batch is refused: %j',
  async (event) => {
    const shop = openShop();
    const { lambdaContext } = await import('../../lib/testing/lambda/lambda-event.ts');
    const handle = takeGoods as unknown as (event: unknown, context: object, options: object) => Promise<unknown>;
    const invoked = handle(event, lambdaContext(shop.environment, 'r', 1000), {});
    await expect(invoked).rejects.toMatchObject({ code: 'malformed-message' });
  },
);

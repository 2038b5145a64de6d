import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { decodeEnvelope, type Envelope, encodeEnvelope } from '../../lib/message/envelope.ts';
import { signed, wrongSignature } from '../../lib/message/signature.ts';
import { defineEvent, defineSequence, defineSubscriber, defineTable, Rejected } from '../../lib/public/index.ts';
import { redrive } from '../../lib/public/operations.ts';
import { consume, inOrder, producer, publish, reschedule } from '../../lib/public/runtime.ts';
import { MemoryStack, type MemoryStackOptions } from '../../lib/public/testing.ts';

const goods = {
  schema: z.object({ sku: z.string() }),
  key: ({ sku }: { readonly sku: string }) => sku,
  businessLine: 'goods',
};
const Sold = defineEvent('goods.sold', goods);
const Told = defineEvent('goods.told', goods);
const Counted = defineEvent('goods.counted', { ...goods, sequence: defineSequence('counts') });
const Books = defineTable('books', {
  item: z.object({ sku: z.string(), times: z.int() }),
  partitionKey: 'sku',
});
const Book = defineSubscriber('book', { consumes: [Sold], publishes: [Told], tables: [Books] });
const Hear = defineSubscriber('hear', { consumes: [Told], tables: [Books] });
const Count = defineSubscriber('count', { consumes: [Counted], tables: [Books], ordered: { onDead: 'block' } });

const OLD = 'k'.repeat(32);
const NEW = 'n'.repeat(40);
const KEYS = { 'key-1': OLD };
const ALL = [Book.name, Hear.name, Count.name];

type Signing = NonNullable<MemoryStackOptions['signing']>;

/** A business whose subscribers take no message without a signature. */
function opened(signing: Signing | 'none' = { keys: KEYS, verifiedBy: ALL }) {
  let isStocked = true;
  const book = (sku: string) => ({ sku }) as const;
  const stack = new MemoryStack({
    subscribers: [Book, Hear, Count],
    ...(signing !== 'none' && { signing }),
    streams: { told: [Hear] },
    handlers: {
      book: consume(Book, ({ sku }, { tx }) => {
        if (!isStocked) throw new Rejected('sold out');
        tx.update(Books, book(sku), { create: true, add: { times: 1 } });
        tx.publish(Told, { sku });
      }),
      hear: consume(Hear, ({ sku }, { tx }) =>
        tx.update(Books, book(`told ${sku}`), { create: true, add: { times: 1 } }),
      ),
      count: consume(
        Count,
        ({ sku }, { tx }) => tx.update(Books, book(`count ${sku}`), { create: true, add: { times: 1 } }),
        {
          order: inOrder,
        },
      ),
    },
  });
  const times = (sku: string) => stack.read(Books, { sku })?.times ?? 0;
  const stock = (is: boolean) => {
    isStocked = is;
  };
  return { stack, times, stock };
}

const letters = async ({ stack }: ReturnType<typeof opened>, subscriber = 'book') =>
  (await stack.deadLetters(subscriber)).map(({ reason }) => reason);
const readKeys = (environment: { readonly usage: { readonly calls: Readonly<Record<string, number>> } }) =>
  environment.usage.calls.GetSecretValue ?? 0;
/** A message of the ledger as its row holds it. */
const committed = ({ stack }: ReturnType<typeof opened>, id: string) => stack.outbox.read(id);
const put = ({ stack }: ReturnType<typeof opened>, envelope: Envelope, queue = 'book') =>
  stack.queues.get(queue)?.send({ id: `forged-${queue}`, body: encodeEnvelope(envelope), attributes: {} }, 0);

describe('where a ledger signs', () => {
  test('each way of sending carries a signature that its subscribers take, and each process reads the keys once', async () => {
    const shop = opened();
    const { stack, times, stock } = shop;
    const environment = stack.environment();
    for (const sku of ['a', 'b']) await publish(Sold, { sku }, { environment });
    await publish(Sold, { sku: 'c' }, { environment, delay: '2m' });
    await publish(Sold, { sku: 'd' }, { environment, delay: '2h' });
    await producer.send(Sold, { sku: 'e' }, { environment });
    await (await producer.prepare(Sold, { sku: 'f' }, { environment })).commit();
    await producer.sendBatch(
      [
        { event: Counted, payload: { sku: 'h' } },
        { event: Counted, payload: { sku: 'h' } },
      ],
      { environment },
    );
    await publish(Counted, { sku: 'h' }, { environment });
    const { id } = await publish(Sold, { sku: 'g' }, { environment, delay: '3h' });
    await reschedule(id, { delay: '1h' }, { environment });
    await stack.advance('4h');

    expect(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(times)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(['told a', 'told g', 'count h'].map(times)).toEqual([1, 1, 3]);
    expect(await letters(shop)).toEqual([]);
    // Hours have passed, and each process has read the keys once an hour at most.
    expect(readKeys(environment)).toBe(1);
    const consumers = ['book', 'hear', 'count'].map((name) => readKeys(stack.environmentOf(name)));
    for (const read of consumers) expect(read).toBeLessThanOrEqual(4);

    stock(false);
    await publish(Sold, { sku: 'i' }, { environment });
    await stack.advance('1m');
    expect(await letters(shop)).toEqual(['rejected']);
    stock(true);
    await redrive(Book, { environment });
    await stack.advance('5m');
    expect(times('i')).toBe(1);
  });

  test('a message costs no call more, and the first one a single reading of the keys', async () => {
    const calls = async (signing: Signing | 'none') => {
      const { stack } = opened(signing);
      const environment = stack.environment();
      for (let n = 0; n < 20; n++) await publish(Sold, { sku: `s${n}` }, { environment });
      await stack.settle();
      const used = [environment, ...['book', 'hear', 'relay'].map((name) => stack.environmentOf(name))];
      return used.map(({ usage }) => usage.calls);
    };
    const plain = await calls('none');
    const signing = await calls({ keys: KEYS, verifiedBy: ALL });
    const extra = signing.map(({ GetSecretValue = 0, ...others }, place) => {
      expect(others).toEqual(plain[place]);
      return GetSecretValue;
    });
    expect(extra).toEqual([1, 1, 1, 0]);
  });

  test.each<[string, (envelope: Envelope) => Envelope]>([
    ['has none', ({ signature: _, ...rest }) => rest],
    ['has another payload', (envelope) => ({ ...envelope, data: { sku: 'forged' } })],
    [
      'has another id',
      (envelope) => ({ ...envelope, id: envelope.id.replace(/.$/, (last) => (last === '0' ? '1' : '0')) }),
    ],
    ['is signed by a key of somebody else', (envelope) => signed(envelope, { id: 'key-1', key: 'x'.repeat(32) })],
    ['names a key that is not there', (envelope) => signed(envelope, { id: 'key-9', key: OLD })],
    ['is of another kind', (envelope) => ({ ...envelope, signature: `v9${envelope.signature?.slice(2)}` })],
  ])('one whose signature %s is dead-lettered, and ends nothing', async (_, forge) => {
    const shop = opened();
    const { stack, times } = shop;
    const { id } = await publish(Sold, { sku: 'a' }, { environment: stack.environment(), delay: '5m' });
    put(shop, forge(committed(shop, id)));
    await stack.settle();

    const [letter] = await stack.deadLetters('book');
    expect(letter).toMatchObject({ reason: 'invalid-signature' });
    expect(letter?.detail).not.toContain(OLD);
    await stack.advance('10m');
    expect([times('a'), times('forged')]).toEqual([1, 0]);
  });

  test('what a function never ended is dead-lettered as it is, where somebody has forged it', async () => {
    const shop = opened();
    const { stack, times } = shop;
    const { id } = await publish(Sold, { sku: 'a' }, { environment: stack.environment(), delay: '5m' });
    put(shop, { ...committed(shop, id), data: { sku: 'forged' } }, 'book-backstop');
    await stack.settle();
    expect(await letters(shop)).toHaveLength(1);
    await stack.advance('10m');
    expect([times('a'), times('forged')]).toEqual([1, 0]);
  });

  test('keys are turned: the newest signs, each that is listed is known, and one that is not is no more', async () => {
    const shop = opened();
    const { stack, times } = shop;
    const before = stack.environment();
    await publish(Sold, { sku: 'a' }, { environment: before });
    await stack.settle();
    await stack.advance('1s');
    const secret = before.variables.WAYBILL_SIGNING_SECRET ?? '';
    stack.engines.secrets.put(secret, JSON.stringify({ ...KEYS, 'key-2': NEW }));

    const after = stack.environment();
    const { id } = await publish(Sold, { sku: 'b' }, { environment: after });
    expect(committed(shop, id).signature).toMatch(/^v1\.key-2\./);
    const old = await publish(Sold, { sku: 'c' }, { environment: before, delay: '10m' });
    expect(committed(shop, old.id).signature).toMatch(/^v1\.key-1\./);
    await stack.settle();
    // Who has known the old key alone has read again, once.
    expect(readKeys(stack.environmentOf('book'))).toBe(2);
    await stack.advance('15m');
    expect(['a', 'b', 'c'].map(times)).toEqual([1, 1, 1]);

    const last = await publish(Sold, { sku: 'd' }, { environment: before, delay: '2h' });
    stack.engines.secrets.put(secret, JSON.stringify({ 'key-2': NEW }));
    await stack.advance('125m');
    expect(times('d')).toBe(0);
    expect(committed(shop, last.id).signature).toMatch(/^v1\.key-1\./);
    // It is missing, and healing sends it as it is, until the key is there again.
    expect(new Set(await letters(shop))).toEqual(new Set(['invalid-signature']));
    stack.engines.secrets.put(secret, JSON.stringify({ ...KEYS, 'key-2': NEW }));
    await stack.advance('1h');
    expect(times('d')).toBe(1);
  });

  test.each(['', '[]', '{}', '"text"', `{"1":"${OLD}"}`, '{"key-1":"short"}', '{"key-1":7}'])(
    'a secret that holds %s signs nothing, and nothing of it is said',
    async (text) => {
      const { stack } = opened();
      const environment = stack.environment();
      stack.engines.secrets.put(environment.variables.WAYBILL_SIGNING_SECRET ?? '', text);
      const failed = await publish(Sold, { sku: 'a' }, { environment }).catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: 'signing-keys-unavailable' });
      if (text.length > 4) expect(String(failed)).not.toContain(text.slice(2, -2));
      expect(stack.outbox.rows()).toEqual([]);
    },
  );
});

test('where a ledger does not sign, messages have no signature, and are taken', async () => {
  const shop = opened('none');
  const { stack, times } = shop;
  const { id } = await publish(Sold, { sku: 'a' }, { environment: stack.environment() });
  await stack.settle();
  expect(committed(shop, id)).not.toHaveProperty('signature');
  expect(times('a')).toBe(1);
});

test('a signature is the same whether a payload is compressed or not, and wherever its hops are stamped', () => {
  const { stack } = opened();
  const plain = stack.outbox.commit(Sold, { sku: 'a\u{1F600}' });
  const key = { id: 'key-1', key: OLD };
  const one = signed(plain, key);
  const onTheWay = decodeEnvelope(encodeEnvelope({ ...one, relayed: new Date(0).toISOString() }));
  expect(wrongSignature(onTheWay, [key])).toBeUndefined();
  expect(wrongSignature({ ...onTheWay, expires: new Date(9e12).toISOString() }, [key])?.unknownKey).toBe(false);
});

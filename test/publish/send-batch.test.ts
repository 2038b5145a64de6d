import { expect, test } from 'vitest';
import { decodeEnvelope } from '../../lib/message/envelope.ts';
import { producer } from '../../lib/public/producer.ts';
import type { SendReceipt } from '../../lib/publish/send.ts';
import { type Fault, MoneySent, openBank, refusedBy, replyLost, requestLost, SENT, settled } from '../half/bank.ts';

const entries = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    event: MoneySent,
    payload: { account: `account-${index}`, amount: index + 1 },
  }));

test('100 messages take 4 calls to write, 10 to send and 100 marks: two writes a message', async () => {
  const bank = openBank();
  const till = bank.start();
  const receipts = await producer.sendBatch(entries(100), till);
  expect(till.environment.usage).toEqual({
    calls: { BatchWriteItem: 4, SendMessageBatch: 10, UpdateItem: 100 },
    writeUnits: 200,
    readUnits: 0,
  });
  const accounts = new Map(bank.outbox().map(({ sk, envelope }) => [sk, decodeEnvelope(envelope ?? '').partitionkey]));
  expect(receipts.map(({ id, state }) => [accounts.get(id), state])).toEqual(
    entries(100).map(({ payload }) => [payload.account, 'sent']),
  );
  await bank.deliver();
  expect(bank.handled()).toBe(100);
});

test('nothing is sent of nothing', async () => {
  const till = openBank().start();
  expect(await producer.sendBatch([], till)).toEqual([]);
  expect(till.calls).toEqual([]);
});

test('an entry that is refused keeps all others back', async () => {
  const till = openBank().start();
  const wrong = { event: MoneySent, payload: { account: 'b', amount: 0 } };
  await expect(producer.sendBatch([...entries(3), wrong], till)).rejects.toMatchObject({ code: 'invalid-payload' });
  expect(till.calls).toEqual([]);
});

/** All entries but the named places are carried out. */
const unprocessed =
  (...places: readonly number[]): Fault =>
  (apply, { input }) => {
    const { RequestItems } = input as { RequestItems: Record<string, unknown[]> };
    const left = places.map((place) => RequestItems.ledger?.[place]);
    RequestItems.ledger = RequestItems.ledger?.filter((_, place) => !places.includes(place)) ?? [];
    return { ...apply(), UnprocessedItems: { ledger: left } };
  };

test('rows that a batch leaves out are written one by one', async () => {
  const bank = openBank();
  const till = bank.start();
  till.next('BatchWriteItem', unprocessed(1, 3));
  const receipts = await producer.sendBatch(entries(5), till);
  expect(receipts.map(({ state }) => state)).toEqual(['sent', 'sent', 'sent', 'sent', 'sent']);
  expect(till.operations().filter((operation) => operation === 'PutItem')).toHaveLength(2);
  await bank.deliver();
  expect(bank.handled()).toBe(5);
});

test('a batch whose reply is lost writes over nothing that has happened to its rows since', async () => {
  const bank = openBank();
  const till = bank.start();
  till.next('BatchWriteItem', (apply, request) => {
    apply();
    for (const item of bank.ledger.items().filter(({ pk }) => pk?.S?.startsWith('out#'))) {
      bank.ledger.write(bank.ledger.keyOf(item), { ...item, cancelled: { N: '1' } });
    }
    return requestLost(() => ({}), request);
  });
  const receipts = await producer.sendBatch(entries(3), till);
  expect(receipts.map(({ state }) => state)).toEqual(['sent', 'sent', 'sent']);
  expect(bank.outbox().map(({ cancelled, sending }) => [cancelled, sending])).toEqual(Array(3).fill([1, 'sent']));
  expect(till.environment.lines).toContainEqual({
    level: 'warn',
    message: 'stored one by one',
    fields: expect.objectContaining({ rows: 3, error: 'TimeoutError' }),
  });
});

test('each entry says of itself what is known', async () => {
  const bank = openBank();
  const till = bank.start();
  till.next('BatchWriteItem', unprocessed(0));
  till.from('PutItem', requestLost);
  till.from('SendMessageBatch', (apply, { input }) => {
    const { Entries } = input as { Entries: { Id: string; MessageBody: string }[] };
    const refused = Entries.filter(({ MessageBody }) => MessageBody.includes('"account-2"'));
    const sent = Entries.filter((entry) => !refused.includes(entry));
    Object.assign(input, { Entries: sent });
    const Failed = refused.map(({ Id }) => ({ Id, SenderFault: false, Code: 'InternalError' }));
    return sent.length > 0 ? { ...apply(), Failed } : { Successful: [], Failed };
  });
  const receipts = await producer.sendBatch(entries(4), { ...till, within: '10s' });
  expect(receipts.map(({ state }) => state)).toEqual(['unknown', 'sent', 'pending', 'sent']);
  await bank.deliver();
  expect(bank.handled()).toBe(2);
  bank.heal();
  await bank.deliver();
  expect(bank.handled()).toBe(3);
});

test('no row is written more than a minute after its id was minted', async () => {
  const bank = openBank();
  const till = bank.start();
  const writtenAt: number[] = [];
  const slow: Fault = async (apply, request) => {
    writtenAt.push(bank.clock.now());
    await bank.clock.sleep(15_000);
    return writtenAt.length % 2 === 0 ? requestLost(apply, request) : apply();
  };
  till.from('BatchWriteItem', slow);
  till.from('PutItem', slow);
  const heard: (readonly SendReceipt[])[] = [];
  const started = bank.clock.now();
  await producer.sendBatch(entries(1_000), { ...till, within: '60s', onResult: (them) => void heard.push(them) });
  await bank.clock.advance(300_000);
  expect(writtenAt.length).toBeGreaterThan(8);
  for (const at of writtenAt) expect(at - started).toBeLessThan(60_000);
  expect(new Set(heard[0]?.map(({ state }) => state))).toContain('unknown');
});

test('what DynamoDB refuses for good is thrown when it refuses all, and unknown when it refuses some', async () => {
  const till = openBank().start();
  till.from('BatchWriteItem', refusedBy('AccessDeniedException'));
  till.from('PutItem', refusedBy('AccessDeniedException'));
  await expect(producer.sendBatch(entries(3), till)).rejects.toMatchObject({ code: 'transaction-refused' });
  const other = openBank().start();
  other.next('BatchWriteItem', unprocessed(2));
  other.from('PutItem', refusedBy('ValidationException'));
  const receipts = await producer.sendBatch(entries(3), other);
  expect(receipts.map(({ state }) => state)).toEqual(['sent', 'sent', 'unknown']);
  expect(other.environment.lines).toContainEqual({
    level: 'error',
    message: 'not stored',
    fields: expect.objectContaining({ rows: 1, error: 'transaction-refused' }),
  });
});

test('a batch that was carried out, and a mark that was, are not done twice', async () => {
  const bank = openBank();
  const till = bank.start();
  till.next('BatchWriteItem', replyLost);
  till.next('UpdateItem', replyLost);
  await producer.sendBatch(entries(3), till);
  expect(bank.outbox().map(({ sending }) => sending)).toEqual(['sent', 'sent', 'sent']);
  expect(bank.forward.messages()).toHaveLength(3);
});

test('the callback of a batch hears of each entry, in order', async () => {
  const till = openBank().start();
  const heard: (readonly SendReceipt[])[] = [];
  const receipts = await producer.sendBatch(entries(30), { ...till, onResult: (them) => void heard.push(them) });
  await settled();
  expect(receipts.map(({ state }) => state)).not.toContain('unknown');
  expect(heard).toEqual([receipts.map(({ id }) => ({ id, state: 'sent' }))]);
});

test('each entry has its own moment', async () => {
  const bank = openBank();
  const deliverAt = new Date(bank.clock.now() + 60_000);
  const batch = [
    { event: MoneySent, payload: SENT, deliverAt },
    { event: MoneySent, payload: SENT },
  ] as const;
  const [first, second] = await producer.sendBatch(batch, bank.start());
  const moments = new Map(bank.outbox().map(({ sk, envelope }) => [sk, decodeEnvelope(envelope ?? '').deliverat]));
  expect([moments.get(first?.id ?? ''), moments.get(second?.id ?? '')]).toEqual([deliverAt.toISOString(), undefined]);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import type { Delay } from '../../lib/contract/delay.ts';
import { commitHalf, rollbackHalf } from '../../lib/half/half.ts';
import { decodeEnvelope } from '../../lib/message/envelope.ts';
import { messageTime } from '../../lib/message/message-id.ts';
import { producer } from '../../lib/public/producer.ts';
import { BANK_NOW, MoneySent, openBank, type Process, refusedBy, replyLost, requestLost, SENT } from './bank.ts';

const prepare = (till: Process, delay: Delay = {}) =>
  producer.prepare(MoneySent, SENT, { ...till, ...delay, transactionId: 't1' });

test('a half message that is committed takes two calls and three writes, and is handled once', async () => {
  const bank = openBank();
  const till = bank.start();
  const half = await prepare(till);
  expect(till.operations()).toEqual(['PutItem']);
  await bank.deliver();
  expect(bank.handled()).toBe(0);

  const { id } = await half.commit();
  expect(till.operations()).toEqual(['PutItem', 'TransactWriteItems']);
  const [, transaction] = till.calls.map(({ input }) => input as { TransactItems?: unknown[] });
  expect(transaction?.TransactItems).toHaveLength(2);
  expect(bank.half(half.id)).toMatchObject({ state: 'committed', message: id, transaction: 't1' });
  await bank.deliver();
  expect([bank.balance(), bank.handled()]).toEqual([10, 1]);
});

test('a transaction without an id of its own has that of the half message', async () => {
  const bank = openBank();
  const half = await producer.prepare(MoneySent, SENT, bank.start());
  expect(bank.half(half.id)?.transaction).toBe(half.id);
});

test('a half message that nobody decides stays for a year', async () => {
  const bank = openBank();
  const half = await prepare(bank.start());
  expect(Number(bank.half(half.id)?.ttl) * 1_000 - BANK_NOW).toBe(366 * 86_400_000);
});

test('a half message that is rolled back takes two calls and two writes, and is handled nowhere', async () => {
  const bank = openBank();
  const till = bank.start();
  const half = await prepare(till);
  await half.rollback();
  expect(till.operations()).toEqual(['PutItem', 'UpdateItem']);
  expect(bank.half(half.id)?.state).toBe('rolledBack');
  await bank.deliver();
  expect(bank.outbox()).toEqual([]);
});

test('the message begins at its commit: its id, its time, its life and its chain', async () => {
  const bank = openBank();
  const half = await prepare(bank.start());
  await bank.clock.advance(3_600_000);
  const { id } = await half.commit();
  const message = decodeEnvelope(bank.outbox()[0]?.envelope ?? '');
  expect(messageTime(half.id)).toBe(BANK_NOW);
  expect(messageTime(id)).toBe(BANK_NOW + 3_600_000);
  expect(message).toMatchObject({ id, correlationid: id, data: SENT, partitionkey: 'b' });
  expect(Date.parse(message.expires) - messageTime(id)).toBe(MoneySent.lifetime);
});

test('a delay counts from the preparation', async () => {
  const bank = openBank();
  const till = bank.start();
  const [later, passed] = [await prepare(till, { delay: '10m' }), await prepare(till, { delay: '1s' })];
  await bank.clock.advance(60_000);
  const ids = [(await later.commit()).id, (await passed.commit()).id];
  const messages = new Map(bank.outbox().map(({ sk, envelope }) => [sk, decodeEnvelope(envelope ?? '')]));
  const [delayed, due] = ids.map((id) => messages.get(id));
  expect(delayed?.deliverat).toBe(new Date(BANK_NOW + 600_000).toISOString());
  expect(Date.parse(delayed?.expires ?? '')).toBe(BANK_NOW + 600_000 + MoneySent.lifetime);
  expect(due?.deliverat).toBeUndefined();
  expect(Date.parse(due?.expires ?? '')).toBe(BANK_NOW + 60_000 + MoneySent.lifetime);
});

test('it is committed once, however often, by whomever', async () => {
  const bank = openBank();
  const half = await prepare(bank.start());
  const other = producer.half(half.id, bank.start());
  const ids = await Promise.all([half.commit(), other.commit(), half.commit(), other.commit()]);
  const again = await commitHalf(bank.start().environment, half.id);
  expect(new Set([...ids, again].map(({ id }) => id)).size).toBe(1);
  expect(bank.outbox()).toHaveLength(1);
});

test('a commit after a rollback is told so, and so is the reverse', async () => {
  const bank = openBank();
  const { environment } = bank.start();
  const [given, taken] = [await prepare(bank.start()), await prepare(bank.start())];
  await given.commit();
  await taken.rollback();
  await taken.rollback();
  const decided = { code: 'half-message-decided' };
  await expect(given.rollback()).rejects.toMatchObject(decided);
  await expect(rollbackHalf(environment, given.id)).rejects.toMatchObject(decided);
  await expect(taken.commit()).rejects.toMatchObject(decided);
  await expect(commitHalf(environment, taken.id)).rejects.toMatchObject(decided);
  expect([bank.half(given.id)?.state, bank.half(taken.id)?.state]).toEqual(['committed', 'rolledBack']);
  expect(bank.outbox()).toHaveLength(1);
});

test('of a commit and a rollback that run at once, exactly one takes effect', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(5), { minLength: 4, maxLength: 4 }), async ([...delays]) => {
      const bank = openBank();
      const half = await prepare(bank.start());
      const slow = (delay: number) => {
        const process = bank.start();
        for (const operation of ['TransactWriteItems', 'UpdateItem', 'GetItem']) {
          process.from(operation, async (apply) => {
            await bank.clock.sleep(delay);
            return apply();
          });
        }
        return producer.half(half.id, process);
      };
      const [a = 0, b = 0, c = 0, d = 0] = delays;
      const decisions = [slow(a).commit(), slow(b).commit(), slow(c).rollback(), slow(d).rollback()];
      const done = (await Promise.allSettled(decisions)).map(({ status }) => status === 'fulfilled');
      const state = bank.half(half.id)?.state;
      expect(done).toEqual(state === 'committed' ? [true, true, false, false] : [false, false, true, true]);
      expect(bank.outbox()).toHaveLength(state === 'committed' ? 1 : 0);
    }),
    { numRuns: 60 },
  );
});

test.each([
  ['lost', requestLost],
  ['answered in vain', replyLost],
])('requests that are %s are sent again', async (_, fault) => {
  const bank = openBank();
  const till = bank.start();
  for (const operation of ['PutItem', 'TransactWriteItems', 'UpdateItem']) till.next(operation, fault, fault);
  const [given, taken] = [await prepare(till), await prepare(till)];
  const { id } = await given.commit();
  await taken.rollback();
  expect([bank.half(given.id)?.state, bank.half(taken.id)?.state]).toEqual(['committed', 'rolledBack']);
  expect(bank.outbox()).toMatchObject([{ sk: id }]);
});

test('a preparation that arrives late cannot undo what was decided', async () => {
  const bank = openBank();
  const till = bank.start();
  let late: (() => object) | undefined;
  till.next('PutItem', (apply, request) => {
    late = apply;
    return requestLost(apply, request);
  });
  const half = await prepare(till);
  await half.commit();
  expect(() => late?.()).toThrow('conditional');
  expect(bank.half(half.id)?.state).toBe('committed');
});

test('a preparation whose outcome stays unknown throws, for the local transaction must not begin', async () => {
  const bank = openBank();
  const till = bank.start();
  till.next('PutItem', replyLost);
  till.from('PutItem', requestLost);
  await expect(prepare(till)).rejects.toMatchObject({ code: 'commit-undecided' });
});

test('a commit and a rollback whose outcome stays unknown say so', async () => {
  const bank = openBank();
  const till = bank.start();
  const half = await prepare(till);
  till.from('TransactWriteItems', requestLost);
  till.from('UpdateItem', requestLost);
  await expect(half.commit()).rejects.toMatchObject({ code: 'commit-undecided' });
  await expect(half.rollback()).rejects.toMatchObject({ code: 'commit-undecided' });
  await producer.half(half.id, bank.start()).commit();
  expect(bank.half(half.id)?.state).toBe('committed');
});

test.each(['commit', 'rollback'] as const)('a %s of a half message that nobody knows says so', async (decide) => {
  const bank = openBank();
  const half = await prepare(bank.start());
  const row = bank.half(half.id);
  bank.ledger.write(bank.ledger.checkedKey({ pk: { S: row?.pk ?? '' }, sk: { S: row?.sk ?? '' } }), undefined);
  await expect(half[decide]()).rejects.toMatchObject({
    code: 'unknown-message',
    message: expect.stringContaining(`No half message '${half.id}' was prepared`),
  });
  const byId = producer.half(half.id, bank.start());
  await expect(byId[decide]()).rejects.toMatchObject({ code: 'unknown-message' });
  const malformed = producer.half('half', bank.start());
  await expect(malformed[decide]()).rejects.toMatchObject({ code: 'malformed-message' });
  expect(bank.outbox()).toEqual([]);
});

test.each([
  ['a payload that does not fit', { ...SENT, amount: -1 }, 't1', 'invalid-payload'],
  ['an empty transaction id', SENT, '', 'limit-exceeded'],
  ['a transaction id that is too long', SENT, 'x'.repeat(1_025), 'limit-exceeded'],
  ['a transaction id whose bytes are too many', SENT, 'ü'.repeat(513), 'limit-exceeded'],
  ['a transaction id that is no text', SENT, 7 as unknown as string, 'limit-exceeded'],
])('%s is refused before anything is written', async (_, payload, transactionId, code) => {
  const till = openBank().start();
  await expect(producer.prepare(MoneySent, payload, { ...till, transactionId })).rejects.toMatchObject({ code });
  expect(till.calls).toEqual([]);
});

test('the longest transaction id is taken', async () => {
  const bank = openBank();
  const transactionId = 'x'.repeat(1_024);
  const half = await producer.prepare(MoneySent, SENT, { ...bank.start(), transactionId });
  expect(bank.half(half.id)?.transaction).toBe(transactionId);
});

test('a function without a check-back is told which call to add', async () => {
  const till = openBank().start({ variables: { [BINDINGS.checkBackQueueUrl]: undefined } });
  await expect(prepare(till)).rejects.toMatchObject({
    code: 'missing-binding',
    message: expect.stringContaining('grantPrepare'),
  });
});

test('what DynamoDB refuses for good is thrown', async () => {
  const till = openBank().start();
  till.next('PutItem', refusedBy('AccessDeniedException'));
  await expect(prepare(till)).rejects.toMatchObject({
    code: 'transaction-refused',
    message: expect.stringContaining('DynamoDB refused the write: AccessDeniedException'),
  });
});

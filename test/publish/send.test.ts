import { expect, test } from 'vitest';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { decodeEnvelope } from '../../lib/message/envelope.ts';
import { producer } from '../../lib/public/producer.ts';
import type { SendReceipt } from '../../lib/publish/send.ts';
import {
  BANK_NOW,
  MoneySent,
  never,
  openBank,
  refusedBy,
  replyLost,
  requestLost,
  SENT,
  settled,
} from '../half/bank.ts';

test('a message takes two writes and one send, and is handled once', async () => {
  const bank = openBank();
  const { environment, operations } = bank.start({ variables: { [BINDINGS.producer]: 'till' } });
  const { id, state } = await producer.send(MoneySent, SENT, { environment });
  expect(state).toBe('sent');
  expect(operations()).toEqual(['PutItem', 'SendMessageBatch', 'UpdateItem']);
  expect(environment.usage).toMatchObject({ writeUnits: 2, readUnits: 0 });
  const [row] = bank.outbox();
  expect(row).toMatchObject({ sk: id, sending: 'sent' });
  expect(decodeEnvelope(row?.envelope ?? '')).toMatchObject({ id, source: '/ledger/till', data: SENT });
  await bank.deliver();
  expect([bank.balance(), bank.handled()]).toEqual([10, 1]);
});

test('the forward queue carries the message as it was committed', async () => {
  const bank = openBank();
  const { environment } = bank.start();
  await producer.send(MoneySent, SENT, { environment, delay: '3d' });
  const [message] = bank.forward.messages();
  expect(message?.body).toBe(bank.outbox()[0]?.envelope);
  expect(decodeEnvelope(message?.body ?? '').deliverat).toBe(new Date(BANK_NOW + 3 * 86_400_000).toISOString());
  // It waits where the forwarder puts it, not here, where it would wait for hours at most.
  expect(message?.visibleAt).toBe(BANK_NOW);
});

test.each([
  ['a payload that does not fit', { ...SENT, amount: -1 }, {}, 'invalid-payload'],
  ['a key that is too long', { ...SENT, account: 'x'.repeat(257) }, {}, 'limit-exceeded'],
  ['a delay of more than a year', SENT, { delay: '367d' }, 'limit-exceeded'],
  ['a time to try that is longer than a minute', SENT, { within: '2m' }, 'invalid-definition'],
] as const)('%s is refused before anything is written', async (_, payload, options, code) => {
  const bank = openBank();
  const { environment, calls } = bank.start();
  await expect(producer.send(MoneySent, payload, { ...options, environment })).rejects.toMatchObject({ code });
  expect(calls).toEqual([]);
});

test.each([BINDINGS.ledger, BINDINGS.shards, BINDINGS.forwardQueueUrl])(
  'a function without %s is told so',
  async (name) => {
    const { environment, calls } = openBank().start({ variables: { [name]: undefined } });
    const sent = producer.send(MoneySent, SENT, { environment });
    await expect(sent).rejects.toMatchObject({ code: 'missing-binding', message: expect.stringContaining(name) });
    expect(calls).toEqual([]);
  },
);

test('a first write whose reply is lost is met by the same write again', async () => {
  const bank = openBank();
  const till = bank.start();
  till.next('PutItem', replyLost);
  const { id, state } = await producer.send(MoneySent, SENT, till);
  expect([state, till.operations()]).toEqual(['sent', ['PutItem', 'PutItem', 'SendMessageBatch', 'UpdateItem']]);
  expect(bank.outbox()).toMatchObject([{ sk: id, sending: 'sent' }]);
});

test.each([
  ['was carried out', replyLost, 1],
  ['was lost', requestLost, 0],
])(
  'a first write that %s, and stays unanswered, is unknown: nothing is thrown and nothing sent',
  async (_, fault, rows) => {
    const bank = openBank();
    const till = bank.start();
    till.next('PutItem', fault);
    till.from('PutItem', requestLost);
    const { state } = await producer.send(MoneySent, SENT, till);
    expect(state).toBe('unknown');
    expect(bank.clock.now() - BANK_NOW).toBeLessThan(2_000);
    expect(bank.outbox()).toHaveLength(rows);
    expect(bank.forward.messages()).toEqual([]);
  },
);

test('a request that is never answered is waited for as long as the sender says', async () => {
  const bank = openBank();
  const till = bank.start();
  till.from('PutItem', never);
  let receipt: SendReceipt | undefined;
  const sent = producer.send(MoneySent, SENT, { ...till, within: '5s' }).then((one) => {
    receipt = one;
  });
  await bank.clock.advance(4_999);
  expect(receipt).toBeUndefined();
  await bank.clock.advance(1);
  await sent;
  expect(receipt?.state).toBe('unknown');
});

test('a broker that never answers leaves the message pending', async () => {
  const bank = openBank();
  const till = bank.start();
  till.from('SendMessageBatch', never);
  const sent = producer.send(MoneySent, SENT, till);
  await bank.clock.advance(2_000);
  expect((await sent).state).toBe('pending');
  expect(bank.outbox()).toMatchObject([{ sending: 'pending' }]);
});

test('what DynamoDB refuses for good is thrown, for nothing was written', async () => {
  const bank = openBank();
  const till = bank.start();
  till.from('PutItem', refusedBy('AccessDeniedException'));
  const sent = producer.send(MoneySent, SENT, till);
  await expect(sent).rejects.toMatchObject({
    code: 'transaction-refused',
    message: expect.stringContaining('AccessDenied'),
  });
  expect(till.calls).toHaveLength(1);
});

test('what DynamoDB refuses after a lost reply is unknown', async () => {
  const till = openBank().start();
  till.next('PutItem', requestLost, refusedBy('AccessDeniedException'));
  expect((await producer.send(MoneySent, SENT, till)).state).toBe('unknown');
});

test('a broker that does not answer is asked again at once, then after 1, 1, 2, 3, 5, 8, 13 and 21 s', async () => {
  const bank = openBank();
  const till = bank.start();
  const asked: number[] = [];
  till.from('SendMessageBatch', () => {
    asked.push((bank.clock.now() - BANK_NOW) / 1_000);
    return requestLost(() => ({}), { operation: '', input: {} });
  });
  const { state } = await producer.send(MoneySent, SENT, { ...till, within: '60s' });
  expect(asked).toEqual([0, 0, 1, 2, 4, 7, 12, 20, 33, 54]);
  expect(state).toBe('pending');
});

test('with jitter it is asked again within those times', async () => {
  const bank = openBank();
  const till = bank.start();
  const asked: number[] = [];
  till.from('SendMessageBatch', () => {
    asked.push(bank.clock.now());
    return requestLost(() => ({}), { operation: '', input: {} });
  });
  await producer.send(MoneySent, SENT, { ...till, within: '30s', jitter: true });
  const pauses = asked.slice(1).map((at, index) => at - (asked[index] as number));
  const exact = [0, 1, 1, 2, 3, 5, 8, 13, 21, 34];
  expect(pauses.length).toBeGreaterThan(6);
  for (const [index, pause] of pauses.entries()) expect(pause).toBeLessThanOrEqual(1_000 * (exact[index] as number));
  expect(pauses.some((pause, index) => pause !== 1_000 * (exact[index] as number))).toBe(true);
});

test('a message that stays pending is handled once it is healed', async () => {
  const bank = openBank();
  const till = bank.start();
  till.from('SendMessageBatch', requestLost);
  expect((await producer.send(MoneySent, SENT, till)).state).toBe('pending');
  await bank.deliver();
  expect(bank.balance()).toBe(0);
  bank.heal();
  await bank.deliver();
  expect([bank.balance(), bank.handled()]).toEqual([10, 1]);
});

test('a queue that is not there is not asked again', async () => {
  const till = openBank().start();
  till.from('SendMessageBatch', refusedBy('QueueDoesNotExist'));
  expect((await producer.send(MoneySent, SENT, till)).state).toBe('pending');
  expect(till.operations()).toEqual(['PutItem', 'SendMessageBatch']);
});

test('a message that the broker has is sent, even if its row cannot be marked', async () => {
  const bank = openBank();
  const till = bank.start();
  till.from('UpdateItem', requestLost);
  expect((await producer.send(MoneySent, SENT, till)).state).toBe('sent');
  const [row] = bank.outbox();
  expect(row).toMatchObject({ sending: 'pending' });
  expect(till.environment.lines).toContainEqual({
    level: 'warn',
    message: 'not marked as sent',
    fields: { id: row?.sk, error: 'TimeoutError' },
  });
  bank.heal();
  await bank.deliver();
  expect([bank.balance(), bank.handled()]).toEqual([10, 1]);
});

test('a mark brings no row back that has been cleaned up', async () => {
  const bank = openBank();
  const till = bank.start();
  till.next('UpdateItem', (apply) => {
    const [row] = bank.outbox();
    bank.ledger.write(bank.ledger.checkedKey({ pk: { S: row?.pk ?? '' }, sk: { S: row?.sk ?? '' } }), undefined);
    return apply();
  });
  expect((await producer.send(MoneySent, SENT, till)).state).toBe('sent');
  expect(bank.outbox()).toEqual([]);
});

test('with a callback the call returns when the message is durable, and the callback hears what came of it', async () => {
  const bank = openBank();
  const till = bank.start();
  till.next('SendMessageBatch', requestLost, requestLost, requestLost);
  const heard: SendReceipt[] = [];
  const receipt = await producer.send(MoneySent, SENT, { ...till, onResult: (result) => void heard.push(result) });
  expect(receipt).toEqual({ id: receipt.id, state: 'pending' });
  expect([heard, bank.outbox().length]).toEqual([[], 1]);
  await bank.clock.advance(2_000);
  expect(heard).toEqual([{ id: receipt.id, state: 'sent' }]);
});

test('the callback hears once that a message stays pending', async () => {
  const bank = openBank();
  const till = bank.start();
  till.from('SendMessageBatch', requestLost);
  const heard: SendReceipt[] = [];
  await producer.send(MoneySent, SENT, { ...till, onResult: (result) => void heard.push(result) });
  await bank.clock.advance(60_000);
  await settled();
  expect(heard).toMatchObject([{ state: 'pending' }]);
});

test('the callback of a write that is never answered hears that it is unknown', async () => {
  const bank = openBank();
  const till = bank.start();
  till.from('PutItem', never);
  const heard: SendReceipt[] = [];
  const sent = producer.send(MoneySent, SENT, { ...till, onResult: (result) => void heard.push(result) });
  await bank.clock.advance(60_000);
  expect([(await sent).state, heard.map(({ state }) => state)]).toEqual(['unknown', ['unknown']]);
});

test('a callback that throws is logged, and hurts nobody', async () => {
  const till = openBank().start();
  const onResult = () => {
    throw new RangeError(SENT.account);
  };
  expect((await producer.send(MoneySent, SENT, { ...till, onResult })).state).toMatch(/sent|pending/);
  await settled();
  const [line] = till.environment.lines.filter(({ level }) => level === 'error');
  expect(line).toMatchObject({ message: 'onResult failed', fields: { error: 'RangeError' } });
});

test('what is refused is thrown, and its callback hears nothing', async () => {
  const till = openBank().start();
  till.from('PutItem', refusedBy('AccessDeniedException'));
  const heard: SendReceipt[] = [];
  const sent = producer.send(MoneySent, SENT, { ...till, onResult: (result) => void heard.push(result) });
  await expect(sent).rejects.toMatchObject({ code: 'transaction-refused' });
  await settled();
  expect(heard).toEqual([]);
});

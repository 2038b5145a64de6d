import { expect, test } from 'vitest';
import { METRICS } from '../../lib/contract/metrics.ts';
import {
  checkBack,
  checkBackInterval,
  type DecideTransaction,
  type TransactionOutcome,
} from '../../lib/half/check-back.ts';
import { producer } from '../../lib/public/producer.ts';
import { lambdaContext } from '../../lib/testing/lambda/lambda-event.ts';
import { BANK_NOW, type Bank, MoneySent, never, openBank, type Process, refusedBy, requestLost, SENT } from './bank.ts';

const HOUR = 3_600_000;

/** A half message that its producer has left, and an owner that is asked and answers. */
async function leave(answer: DecideTransaction | TransactionOutcome = 'unknown', bank: Bank = openBank()) {
  const half = await producer.prepare(MoneySent, SENT, { ...bank.start(), transactionId: 't1' });
  await bank.deliver();
  const owner = bank.start();
  const asked: number[] = [];
  const handler = checkBack(MoneySent, (transactionId) => {
    asked.push(Math.round((bank.clock.now() - BANK_NOW) / 1_000));
    return typeof answer === 'string' ? Promise.resolve(answer) : answer(transactionId);
  });
  const row = () => bank.half(half.id);
  /** Lets time pass, and the function run whenever a request shows itself. */
  const wait = async (milliseconds: number) => {
    const until = bank.clock.now() + milliseconds;
    for (;;) {
      while (await bank.drain(bank.checkBack, handler, owner.environment));
      const next = Math.min(...bank.checkBack.messages().map(({ visibleAt }) => visibleAt));
      if (next > until) break;
      bank.clock.pass(next - bank.clock.now());
    }
    bank.clock.pass(until - bank.clock.now());
  };
  return { bank, half, owner, asked, handler, row, wait };
}

const summary = ({ environment }: Process) =>
  environment.lines.findLast(({ message }) => message === 'check-back')?.fields;

const logged = ({ environment }: Process, message: string) =>
  environment.lines.filter((line) => line.message === message).map(({ fields }) => fields);

const took = ({ environment }: Process) =>
  environment.lines.filter(({ message }) => message === 'check-back').map(({ fields }) => Number(fields.milliseconds));

test('the owner is first asked after 6 s, for its transaction', async () => {
  const ids: string[] = [];
  const { wait, asked } = await leave(async (id) => {
    ids.push(id);
    return 'commit';
  });
  await wait(5_999);
  expect(asked).toEqual([]);
  await wait(1);
  expect([asked, ids]).toEqual([[6], ['t1']]);
});

test('a half message is committed where the owner says so, and handled once', async () => {
  const { bank, wait, row, owner } = await leave('commit');
  await wait(HOUR);
  expect(row()).toMatchObject({ state: 'committed', message: bank.outbox()[0]?.sk });
  expect(bank.checkBack.messages()).toEqual([]);
  expect(summary(owner)).toMatchObject({ records: 1, committed: 1 });
  await bank.deliver();
  expect([bank.balance(), bank.handled()]).toEqual([10, 1]);
});

test('a half message is rolled back where the owner says so', async () => {
  const { bank, wait, row, owner } = await leave('rollback');
  await wait(HOUR);
  expect(row()?.state).toBe('rolledBack');
  expect([bank.outbox(), bank.checkBack.messages()]).toEqual([[], []]);
  expect(summary(owner)).toMatchObject({ rolledBack: 1 });
});

test('what its producer has decided is not asked for', async () => {
  const { bank, half, wait, asked } = await leave();
  await half.commit();
  await wait(HOUR);
  expect([asked, bank.checkBack.messages(), bank.outbox().length]).toEqual([[], [], 1]);
});

test('an owner that does not know is asked again after 6, 6, 12, 18, 30, 48 s, and at least hourly for 72 h', async () => {
  const { wait, asked } = await leave('unknown');
  await wait(100 * HOUR);
  expect(asked.slice(0, 7)).toEqual([6, 12, 18, 30, 48, 78, 126]);
  const pauses = asked.slice(1).map((at, index) => at - (asked[index] as number));
  expect(Math.max(...pauses)).toBe(3_600);
  expect(asked.at(-1)).toBeGreaterThanOrEqual(72 * 3_600);
  expect(asked.at(-1)).toBeLessThan(73 * 3_600 + 1);
  // Far fewer than the thousand receives after which SQS gives a request up.
  expect(asked.length).toBeLessThan(120);
});

test.each([1, 2, 100, 1_000])('after %i questions the next one comes within an hour', (questions) => {
  expect(checkBackInterval(questions)).toBeGreaterThanOrEqual(6);
  expect(checkBackInterval(questions)).toBeLessThanOrEqual(3_600);
});

test.each<[string, DecideTransaction]>([
  ['throws', () => Promise.reject(new RangeError('no database'))],
  [
    'throws at once',
    () => {
      throw new RangeError('no database');
    },
  ],
  ['answers nothing', async () => undefined as never],
  ['answers something else', async () => 'committed' as never],
  ['knows nothing', async () => 'unknown'],
])('an owner that %s decides nothing, however often and long it is asked', async (_, answer) => {
  const { bank, wait, row } = await leave(answer);
  await wait(30 * 24 * HOUR);
  expect(row()?.state).toBe('prepared');
  expect(bank.outbox()).toEqual([]);
});

test('an owner that never answers is not waited for, and the others of its batch are decided', async () => {
  const bank = openBank();
  const hung = await producer.prepare(MoneySent, SENT, { ...bank.start(), transactionId: 'hung' });
  const { half, owner, handler } = await leave(async (id) => (id === 'hung' ? never() : 'commit'), bank);
  bank.clock.pass(6_000);
  const drained = bank.drain(bank.checkBack, handler, owner.environment);
  await bank.clock.advance(29_000);
  await drained;
  expect([bank.half(half.id)?.state, bank.half(hung.id)?.state]).toEqual(['committed', 'prepared']);
  expect(bank.checkBack.messages()).toHaveLength(1);
});

test('that somebody asks is written down with the first answer that decides nothing, and then half-hourly at most', async () => {
  const { bank, wait, row, owner, asked } = await leave('unknown');
  await wait(20 * 60_000);
  expect(row()?.asked).toBe(BANK_NOW + 6_000);
  expect(owner.operations().filter((operation) => operation === 'UpdateItem')).toHaveLength(1);
  const since: number[] = [];
  for (let hour = 0; hour < 60; hour++) {
    await wait(HOUR);
    since.push(bank.clock.now() - (row()?.asked ?? 0));
  }
  // Reconciliation takes three hours for silence.
  expect(Math.max(...since)).toBeLessThan(1.5 * HOUR + 1);
  expect(owner.operations().filter((operation) => operation === 'UpdateItem').length).toBeLessThan(asked.length);
});

test('an owner that decides at once costs no write more', async () => {
  const { wait, row, owner } = await leave('commit');
  await wait(HOUR);
  expect(row()?.asked).toBeUndefined();
  expect(owner.operations()).not.toContain('UpdateItem');
});

test('where it cannot be written down that somebody asks, the question comes again in its time', async () => {
  const { half, wait, asked, owner } = await leave('unknown');
  owner.from('UpdateItem', refusedBy('AccessDeniedException'));
  await wait(78_000);
  expect(asked).toEqual([6, 12, 18, 30, 48, 78]);
  expect(logged(owner, 'not marked')[0]).toMatchObject({ half: half.id, error: 'transaction-refused' });
});

test('after 72 h without an answer it is quarantined: told, counted, and not asked for', async () => {
  const { bank, wait, row, owner, asked } = await leave('unknown');
  await wait(74 * HOUR);
  expect(row()).toMatchObject({ state: 'prepared', quarantined: BANK_NOW + (asked.at(-1) as number) * 1_000 });
  expect(bank.checkBack.messages()).toEqual([]);
  const errors = owner.environment.lines.filter(({ level }) => level === 'error');
  expect(errors).toMatchObject([{ message: 'half message quarantined', fields: { half: row()?.sk } }]);
  expect(owner.environment.counted[METRICS.halfQuarantined]).toBe(1);
});

test('where it is not known whether it is quarantined, nobody is told so, and it is asked for again', async () => {
  const { bank, half, wait, owner } = await leave('unknown');
  await wait(71 * HOUR);
  owner.from('UpdateItem', requestLost);
  await wait(3 * HOUR);
  expect(logged(owner, 'half message quarantined')).toEqual([]);
  expect([owner.environment.counted[METRICS.halfQuarantined], bank.checkBack.messages().length]).toEqual([
    undefined,
    1,
  ]);
  owner.from('UpdateItem', (apply) => apply());
  await wait(2 * HOUR);
  expect(logged(owner, 'half message quarantined')).toEqual([{ half: half.id }]);
});

test('how long it asks can be said', async () => {
  const bank = openBank();
  const half = await producer.prepare(MoneySent, SENT, { ...bank.start(), transactionId: 't1' });
  await bank.deliver();
  bank.clock.pass(60_000);
  await bank.drain(
    bank.checkBack,
    checkBack(MoneySent, async () => 'unknown', { patience: '1m' }),
  );
  expect(bank.half(half.id)?.quarantined).toBe(BANK_NOW + 60_000);
});

test.each(['commit', 'rollback'] as const)('what is quarantined can be decided: %s', async (decide) => {
  const { bank, half, wait, row } = await leave('unknown');
  await wait(74 * HOUR);
  await producer.half(half.id, bank.start())[decide]();
  expect(row()?.state).toBe(decide === 'commit' ? 'committed' : 'rolledBack');
  await bank.deliver();
  expect(bank.handled()).toBe(decide === 'commit' ? 1 : 0);
});

test('what is quarantined can be asked for again', async () => {
  let answer: TransactionOutcome = 'unknown';
  const { bank, half, wait, row } = await leave(async () => answer);
  await wait(74 * HOUR);
  const ask = () =>
    bank.checkBack.send({ id: `again-${bank.clock.now()}`, body: JSON.stringify({ half: half.id }), attributes: {} });
  ask();
  await wait(HOUR);
  expect([row()?.state, bank.checkBack.messages()]).toEqual(['prepared', []]);
  answer = 'commit';
  ask();
  await wait(HOUR);
  expect(row()?.state).toBe('committed');
});

test('a decision that fails is asked for again', async () => {
  const { wait, row, owner, asked } = await leave('commit');
  owner.from('TransactWriteItems', requestLost);
  await wait(60_000);
  expect([row()?.state, asked.length > 1]).toEqual(['prepared', true]);
  expect(logged(owner, 'check-back failed')[0]).toMatchObject({
    record: expect.any(String),
    error: 'commit-undecided',
  });
  // An invocation takes 30 s: none of them has run into that.
  expect(Math.max(...took(owner))).toBeLessThan(30_000);
  owner.from('TransactWriteItems', (apply) => apply());
  await wait(10 * 60_000);
  expect(row()?.state).toBe('committed');
});

test('a request comes again even where its visibility cannot be changed', async () => {
  const { wait, asked, owner } = await leave('unknown');
  owner.from('ChangeMessageVisibility', requestLost);
  await wait(200_000);
  // The queue's visibility timeout is 60 s.
  expect(asked).toEqual([6, 66, 126, 186]);
});

test('a half message that is gone is nothing to decide', async () => {
  const { bank, half, wait, row, asked, owner } = await leave('commit');
  bank.ledger.write(bank.ledger.checkedKey({ pk: { S: row()?.pk ?? '' }, sk: { S: row()?.sk ?? '' } }), undefined);
  await wait(HOUR);
  expect([asked, bank.checkBack.messages()]).toEqual([[], []]);
  expect(summary(owner)).toMatchObject({ gone: 1 });
  expect(logged(owner, 'no such half message')).toEqual([{ half: half.id }]);
});

test.each(['', 'half', '{}', 'null', '{"half":7}', '{"half":"no-id"}'])(
  'a record that is no request stays for the dead-letter queue: %j',
  async (body) => {
    const bank = openBank();
    bank.checkBack.send({ id: 'stray', body, attributes: {} });
    await bank.drain(
      bank.checkBack,
      checkBack(MoneySent, async () => 'commit'),
    );
    expect(bank.checkBack.messages()).toMatchObject([{ id: 'stray' }]);
  },
);

test('requests that come twice, and at once, decide once', async () => {
  const { bank, half, handler, row } = await leave('commit');
  for (const id of ['a', 'b', 'c'])
    bank.checkBack.send({ id, body: JSON.stringify({ half: half.id }), attributes: {} });
  bank.clock.pass(6_000);
  await bank.drain(bank.checkBack, handler);
  expect([row()?.state, bank.outbox().length, bank.checkBack.messages()]).toEqual(['committed', 1, []]);
});

test.each([-300_000, 300_000])('clocks that differ by %i ms change nothing', async (skew) => {
  const bank = openBank();
  const half = await producer.prepare(MoneySent, SENT, { ...bank.start({ skew }), transactionId: 't1' });
  await bank.deliver();
  bank.clock.pass(6_000);
  const owner = bank.start({ skew: -skew }).environment;
  await bank.drain(
    bank.checkBack,
    checkBack(MoneySent, async () => 'unknown'),
    owner,
  );
  expect(bank.half(half.id)).toMatchObject({ state: 'prepared' });
  expect(bank.half(half.id)?.quarantined).toBeUndefined();
  bank.clock.pass(6_000);
  await bank.drain(
    bank.checkBack,
    checkBack(MoneySent, async () => 'commit'),
    owner,
  );
  await bank.deliver();
  expect([bank.half(half.id)?.state, bank.handled()]).toEqual(['committed', 1]);
});

test('several events have an owner each, and one without is told, not decided', async () => {
  const { bank, wait, row, owner } = await leave('commit');
  const other = { ...MoneySent, type: 'money.returned' as const };
  bank.clock.pass(6_000);
  await bank.drain(bank.checkBack, checkBack([[other, async () => 'commit']]), owner.environment);
  expect(row()?.state).toBe('prepared');
  expect(owner.environment.lines).toContainEqual(
    expect.objectContaining({ message: 'no answer', fields: expect.objectContaining({ error: 'invalid-definition' }) }),
  );
  await wait(HOUR);
  expect(row()?.state).toBe('committed');
});

test('a check-back without an event, with one twice, or of a fortnight, cannot work', () => {
  const invalid = expect.objectContaining({ code: 'invalid-definition' });
  const decide = async () => 'commit' as const;
  expect(() => checkBack([])).toThrow(invalid);
  expect(() =>
    checkBack([
      [MoneySent, decide],
      [MoneySent, decide],
    ]),
  ).toThrow(invalid);
  expect(() => checkBack(MoneySent, decide, { patience: '14d' })).toThrow(invalid);
});

test('what is no batch of SQS is refused', async () => {
  const { environment } = openBank().start();
  const handler = checkBack(MoneySent, async () => 'commit');
  await expect(handler({} as never, lambdaContext(environment, 'r', 1_000))).rejects.toMatchObject({
    code: 'malformed-message',
  });
});

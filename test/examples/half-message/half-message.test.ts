import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Accounts } from '../../../examples/half-message/accounts.ts';
import { CreditWallet, MoneySent, Wallets } from '../../../examples/half-message/contract.ts';
import { handler as creditWallet } from '../../../examples/half-message/functions/credit-wallet.ts';
import { sendMoney } from '../../../examples/half-message/send-money.ts';
import { checkBack } from '../../../lib/half/check-back.ts';
import type { HalfMessage } from '../../../lib/half/half.ts';
import { producer } from '../../../lib/public/producer.ts';
import { openBank, type ProcessOptions, settled } from '../../half/bank.ts';

// It starts processes, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const TOTAL = 10_000;
const TRANSFER = { from: 'alice', to: 'bob', cents: 2_500 };
const MINUTE = 60_000;
/** Of a debit: BEGIN, UPDATE, INSERT, COMMIT, and its end. */
const STATEMENTS = [0, 1, 2, 3, 4];
const COMMITTED = 4;
const SKEWS = [-5 * MINUTE, 0, 5 * MINUTE];

let folder: string;
let opened: Accounts[];
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-accounts-'));
  opened = [];
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map(kill));
  for (const accounts of opened) accounts.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The accounts' service, its check-back and the wallets, whose clocks may differ. */
function openService({ skew = 0 } = {}) {
  const bank = openBank({ subscriber: CreditWallet, handler: creditWallet });
  const file = join(folder, `accounts-${opened.length}.db`);
  const open = () => {
    const accounts = Accounts.open(file);
    opened.push(accounts);
    return accounts;
  };
  const accounts = open();
  accounts.deposit('alice', TOTAL);
  // The owner that is asked has a connection of its own, as another function has.
  const asked = open();
  const handler = checkBack(MoneySent, (transactionId) => asked.decide(transactionId));
  const owner = bank.start({ skew: -skew }).environment;
  const wallet = () => bank.rowsOf(Wallets).reduce((sum, { cents }) => sum + Number(cents), 0);
  return {
    bank,
    file,
    accounts,
    wallet,
    money: () => accounts.balance('alice') + wallet(),
    start: (options: ProcessOptions = {}) => bank.start({ skew, ...options }),
    /** Asks whoever is to be asked by now. */
    ask: async (milliseconds: number) => {
      await bank.deliver();
      bank.clock.pass(milliseconds);
      while (await bank.drain(bank.checkBack, handler, owner));
      await bank.deliver();
    },
    states: () =>
      bank.ledger
        .rows()
        .filter(({ pk }) => String(pk).startsWith('half#'))
        .map(({ state }) => state),
  };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Debits in another process, which halts before a statement. */
async function debitElsewhere(file: string, transactionId: string, statement: number): Promise<ChildProcess> {
  const program = join(import.meta.dirname, 'debit.ts');
  const options = ['--conditions=waybill-source', '--no-warnings', program];
  const given = [file, TRANSFER.from, String(TRANSFER.cents), transactionId, String(statement)];
  const child = spawn(process.execPath, [...options, ...given], { stdio: ['pipe', 'pipe', 'ignore'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

const prepare = (service: ReturnType<typeof openService>): Promise<HalfMessage> =>
  producer.prepare(MoneySent, TRANSFER, { ...service.start(), transactionId: 't1' });

test('money that is sent leaves the account and reaches the wallet', async () => {
  const { bank, accounts, wallet, start } = openService();
  const id = await sendMoney(accounts, TRANSFER, start());
  await bank.deliver();
  expect([accounts.balance('alice'), wallet()]).toEqual([7_500, 2_500]);
  expect(bank.outbox()).toMatchObject([{ sk: id }]);
});

test('money that is not there is not sent', async () => {
  const { bank, accounts, money, start, states } = openService();
  await expect(sendMoney(accounts, { ...TRANSFER, cents: TOTAL + 1 }, start())).rejects.toMatchObject({
    code: 'insufficient-funds',
  });
  await bank.deliver();
  expect([money(), bank.handled(), states()]).toEqual([TOTAL, 0, ['rolledBack']]);
});

describe.each(SKEWS)('with clocks that differ by %i ms', (skew) => {
  test.each([0, 1].flatMap((at) => [true, false].map((before) => ({ at, before }))))(
    'a process that ends at request $at (before: $before) conserves money',
    async (killed) => {
      const { accounts, money, wallet, start, ask, states } = openService({ skew });
      void sendMoney(accounts, TRANSFER, start({ killed }));
      await settled();
      await ask(6_000);
      const debited = killed.at === 1;
      expect([accounts.balance('alice'), wallet()]).toEqual(debited ? [7_500, 2_500] : [TOTAL, 0]);
      expect(money()).toBe(TOTAL);
      expect(states()).not.toContain('prepared');
    },
  );
});

test.each(STATEMENTS)(
  'a process that is killed before statement %i of its debit conserves money',
  async (statement) => {
    const service = openService();
    await prepare(service);
    await kill(await debitElsewhere(service.file, 't1', statement));
    await service.ask(6_000);
    const debited = statement === COMMITTED;
    expect(service.accounts.balance('alice')).toBe(debited ? 7_500 : TOTAL);
    expect([service.money(), service.states()]).toEqual([TOTAL, [debited ? 'committed' : 'rolledBack']]);
  },
);

describe('a debit that goes on after it was asked for', () => {
  test('was refused if it had not begun', async () => {
    const { service, exit } = await askMeanwhile(0);
    expect(service.states()).toEqual(['rolledBack']);
    expect(await exit()).toBe(1);
    await service.ask(MINUTE);
    expect([service.money(), service.wallet()]).toEqual([TOTAL, 0]);
  });

  test.each([1, 3])('is left to itself if it had (statement %i)', async (statement) => {
    const { service, exit } = await askMeanwhile(statement);
    expect(service.states()).toEqual(['prepared']);
    expect(await exit()).toBe(0);
    await service.ask(MINUTE);
    expect([service.money(), service.wallet(), service.states()]).toEqual([TOTAL, 2_500, ['committed']]);
  });

  async function askMeanwhile(statement: number) {
    const service = openService({ skew: 5 * MINUTE });
    await prepare(service);
    const child = await debitElsewhere(service.file, 't1', statement);
    await service.ask(6_000);
    const exit = async (): Promise<number> => {
      child.stdin?.end('\n');
      return (await once(child, 'exit'))[0];
    };
    return { service, exit };
  }
});

test('a database that cannot be reached for days loses no money', async () => {
  const service = openService();
  const half = await prepare(service);
  service.accounts.debit(TRANSFER.from, TRANSFER.cents, 't1');
  const down = checkBack(MoneySent, () => Promise.reject(new Error('no route to host')));
  await service.bank.deliver();
  for (let day = 0; day < 5; day++) {
    service.bank.clock.pass(24 * 60 * MINUTE);
    while (await service.bank.drain(service.bank.checkBack, down));
  }
  expect(service.bank.half(half.id)).toMatchObject({ state: 'prepared', quarantined: expect.any(Number) });
  // What an operator does when it is back.
  await producer.half(half.id, service.start()).commit();
  await service.bank.deliver();
  expect([service.money(), service.wallet()]).toEqual([TOTAL, 2_500]);
});

test('whoever is killed, refused or asked, and in whatever order, money is conserved', async () => {
  const transfer = fc.record({
    cents: fc.integer({ min: 1, max: 6_000 }),
    killed: fc.option(fc.record({ at: fc.nat(3), before: fc.boolean() }), { nil: undefined }),
    skew: fc.constantFrom(...SKEWS),
    wait: fc.constantFrom(0, 1_000, 6_000, MINUTE),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(transfer, { minLength: 1, maxLength: 6 }), async (transfers) => {
      const service = openService();
      for (const { cents, killed, skew, wait } of transfers) {
        const process = service.start({ skew, ...(killed && { killed }) });
        void sendMoney(service.accounts, { ...TRANSFER, cents }, process).catch(() => undefined);
        await settled();
        await service.ask(wait);
        expect(service.money()).toBeLessThanOrEqual(TOTAL);
      }
      for (let round = 0; round < 3; round++) await service.ask(10 * MINUTE);
      expect(service.money()).toBe(TOTAL);
      expect(service.states()).not.toContain('prepared');
    }),
    { numRuns: 25 },
  );
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkBack, producer } from 'waybill/runtime';
import { MemoryStack, type MemoryStackOptions } from 'waybill/testing';
import { Bank } from './bank.ts';
import { Deposit, TransferMoney, Withdraw } from './contract.ts';
import { depositInto } from './functions/deposit.ts';
import { withdrawFrom } from './functions/withdraw.ts';
import { orderTransfer } from './order-transfer.ts';

const MONEY = 10_000;
const order = { transferId: 't1', from: 'alice', to: 'bob', cents: 2_500 };
let north: Bank;
let south: Bank;

function openBanks(): void {
  [north, south] = [new Bank(':memory:'), new Bank(':memory:')];
  north.open('alice', MONEY);
  south.open('bob');
}

beforeEach(openBanks);
afterEach(closeBanks);

function closeBanks(): void {
  north.close();
  south.close();
}

const twoBanks = (wire?: MemoryStackOptions['wire']) =>
  new MemoryStack({
    subscribers: [Withdraw, Deposit],
    handlers: { withdraw: withdrawFrom(() => north), deposit: depositInto(() => south) },
    sagas: [TransferMoney],
    checkBack: checkBack(TransferMoney, (transactionId) => north.decide(transactionId)),
    ...(wire && { wire }),
  });

const balances = () => [north.balance('alice'), south.balance('bob')];

test('money goes from one bank to the other', async () => {
  const stack = twoBanks();
  await orderTransfer(north, order, { environment: stack.environment() });
  await stack.advance('1m');
  expect(balances()).toEqual([7_500, 2_500]);
});

test('money that cannot be deposited comes back', async () => {
  const stack = twoBanks();
  await orderTransfer(north, { ...order, to: 'nobody' }, { environment: stack.environment() });
  await stack.advance('1m');
  expect(balances()).toEqual([MONEY, 0]);
});

test('an order whose process ends before its saga has started is decided by the books of the bank', async () => {
  const stack = twoBanks();
  const environment = stack.environment();
  await producer.prepare(TransferMoney, order, { environment, transactionId: 'order-1' });
  north.order(order, 'order-1');
  // Here the process ends: nobody commits the half message.
  await producer.prepare(TransferMoney, { ...order, transferId: 't2' }, { environment, transactionId: 'order-2' });
  // And here before the bank has it.
  await stack.advance('1m');
  expect(north.orders()).toEqual(['t1']);
  expect(balances()).toEqual([7_500, 2_500]);
  expect(() => north.order({ ...order, transferId: 't2' }, 'order-2')).toThrow();
});

/** The functions that carry a transfer. */
const KILLED = new Set(['relay', 'start-transfer-money', 'withdraw', 'deposit']);

/** Runs a transfer of which the nth request that a function sends is its last. Answers with how many were sent. */
async function killedAt(nth: number, to: string, isApplied: boolean): Promise<number> {
  let requests = 0;
  const stack = twoBanks(async ({ from }, apply) => {
    if (!KILLED.has(from) || requests++ !== nth) return apply();
    if (isApplied) apply();
    throw Object.assign(new Error('killed'), { name: 'TimeoutError', $fault: 'server', $metadata: {} });
  });
  await orderTransfer(north, { ...order, to }, { environment: stack.environment() });
  for (let minute = 0; minute < 8; minute++) {
    // What a function throws that was killed is its event source's to mend.
    await stack.advance('1m').catch(() => undefined);
    const end = stack.ledger.items().find(({ sk }) => sk?.S === '#end');
    if (end) break;
  }
  return requests;
}

test.each([
  ['that can be done', 'bob', [7_500, 2_500]],
  ['that cannot be done', 'nobody', [MONEY, 0]],
] as const)(
  'wherever a process is killed, the money of a transfer %s is conserved',
  async (_, to, ends) => {
    const requests = await killedAt(Number.POSITIVE_INFINITY, to, false);
    expect(balances()).toEqual(ends);
    for (let nth = 0; nth < requests; nth++) {
      for (const isApplied of [false, true]) {
        closeBanks();
        openBanks();
        await killedAt(nth, to, isApplied);
        expect({ nth, isApplied, balances: balances() }).toEqual({ nth, isApplied, balances: ends });
      }
    }
  },
  60_000,
);

import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { consume } from 'waybill/runtime';
import { certify, PLAN_VARIABLE, publishing, type RunState, type System, startingWith } from 'waybill/testing';
import { Accounts, Deposit, TransferRequested, Withdraw } from './contract.ts';
import { handler as deposit } from './functions/deposit.ts';
import { handler as withdraw } from './functions/withdraw.ts';

/** A few for each edit; 100 show every kind of fault, and are what a certificate takes. */
const PLANS = Number(process.env.PLANS ?? 15);

const bank: System = {
  subscribers: [Withdraw, Deposit],
  handlers: { withdraw, deposit },
  tables: [
    startingWith(Accounts, [
      { owner: 'ada', cents: 10_000, version: 1 },
      { owner: 'bob', cents: 0, version: 1 },
    ]),
  ],
  workload: [
    publishing(TransferRequested, { from: 'ada', to: 'bob', cents: 1_000 }),
    publishing(TransferRequested, { from: 'bob', to: 'ada', cents: 500 }),
  ],
  invariant: moneyIsConserved,
};

/** All that was taken has arrived, but for what was given up on the way. */
function moneyIsConserved({ rows, ended }: RunState): string[] {
  const held = rows(Accounts).reduce((sum, { cents }) => sum + cents, 0);
  const stranded = ended
    .filter(({ subscriber, state }) => subscriber === Deposit.name && state === 'dead')
    .reduce((sum, { payload }) => sum + (payload as { cents: number }).cents, 0);
  return held + stranded === 10_000 ? [] : [`the accounts hold ${held} cents and ${stranded} are stranded, not 10000`];
}

test('money is conserved whatever fails', async () => {
  const certificate = await certify({ ...bank, plans: PLANS, allowUnreached: PLANS < 100 });
  expect(certificate).toMatchObject({ plans: PLANS, lost: 0, doubled: 0, uncaused: 0 });
});

test('a plan that a mistaken handler did not survive is replayed alone, on it and on the right one', async () => {
  const mistaken = consume(Deposit, ({ to, cents }, { tx, message }) => {
    // What comes again need not have been handled: the process may have died before.
    if (message.attempt === 1) tx.update(Accounts, { owner: to }, { add: { cents } });
  });
  vi.stubEnv(PLAN_VARIABLE, join(import.meta.dirname, 'kept-plan.json'));
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(certify({ ...bank, handlers: { withdraw, deposit: mistaken } })).rejects.toThrow(
    'the accounts hold 9000 cents and 0 are stranded, not 10000',
  );
  expect(await certify(bank)).toMatchObject({ plans: 1, lost: 0 });
});

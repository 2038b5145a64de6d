import type { EventInput } from 'waybill';
import { atLeast, type PublishOptions, transact } from 'waybill/runtime';
import { Accounts, Deposited, Withdrawn } from './contract.ts';

type Movement = EventInput<typeof Deposited>;

/** Books a deposit, and says so. */
export function deposit(movement: Movement, options?: PublishOptions) {
  return transact((tx) => {
    const { account, cents } = movement;
    tx.update(Accounts, { account }, { create: true, add: { cents } });
    tx.publish(Deposited, movement);
  }, options);
}

/** Books a withdrawal, and says so. @throws ConditionFailed where less is on the account */
export function withdraw(movement: Movement, options?: PublishOptions) {
  return transact((tx) => {
    const { account, cents } = movement;
    tx.update(Accounts, { account }, { add: { cents: -cents }, when: { cents: atLeast(cents) } });
    tx.publish(Withdrawn, movement);
  }, options);
}

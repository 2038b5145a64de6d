import { bindingsOf } from '../aws/bindings.ts';
import { type Environment, environmentOf } from '../aws/environment.ts';
import { jitter } from '../aws/retry.ts';
import { BINDINGS } from '../contract/bindings.ts';
import type { Delay, DelayOf } from '../contract/delay.ts';
import {
  CommitUndecided,
  ConditionFailed,
  TransactionMisused,
  TransactionRefused,
  type WaybillError,
} from '../contract/errors.ts';
import type { EventDefinition, EventInput } from '../contract/event.ts';
import { learnKeys, signs } from '../ledger/signing.ts';
import type { Action } from '../transaction/action.ts';
import { commit } from '../transaction/commit.ts';
import type { CommitResult } from '../transaction/outcome.ts';
import { COMMIT_MS, PendingTransaction } from '../transaction/pending-transaction.ts';

import type { Transaction } from '../transaction/transaction.ts';

/** A transaction outside a consumer. There is no message whose handling it is, so there is none that it could end. */
export type ProducerTransaction = Omit<Transaction, 'once'>;

/** Where `transact` commits. */
export interface TransactOptions {
  /** @default the process's own: bindings from `process.env`, the AWS SDK's default credentials and region */
  readonly environment?: Environment;
}

/** Nobody handles the message before its moment, if it has one: `delay` from now, or `deliverAt`, a year ahead at most. */
export type PublishOptions = TransactOptions & Delay;

/** Like a consumer's: so long a condition whose `otherwise` is `retry` is tried again. */
const RERUN_MS = 2_000;

/**
 * Publishes one message from outside a consumer.
 *
 * @returns its id, once it is durable in the ledger: from then on it takes effect at every subscriber, or is named
 * @throws InvalidPayload, LimitExceeded, InvalidDefinition before anything is sent
 * @throws CommitUndecided when the outcome is unknown: it may have been published, and is not reported as done
 * @throws MissingBinding when the function was not given to `grantPublish`
 * @example const { id } = await publish(OrderPlaced, { orderId: '1', quantity: 2 });
 * @example await publish(OfferEnds, { offerId: '1' }, { delay: '30m' });
 */
export async function publish<Event extends EventDefinition>(
  event: Event,
  payload: EventInput<Event>,
  options?: TransactOptions & DelayOf<Event>,
): Promise<{ readonly id: string }> {
  const { ids } = await transact((tx) => {
    tx.publish(event, payload, options);
  }, options);
  return { id: ids[0] as string };
}

/**
 * Commits business writes and messages in one transaction, outside a consumer. The function runs again, with a fresh
 * transaction, when a condition whose `otherwise` is `retry` does not hold, for up to 2 s.
 *
 * @returns the ids of the published messages, in order
 * @throws ConditionFailed when a condition does not hold: nothing was applied
 * @throws CommitUndecided when the outcome is unknown after 60 s: it may have been applied
 * @throws TransactionRefused when DynamoDB refuses a write for good
 * @example
 * await transact((tx) => {
 *   tx.put(Orders, order, { when: 'absent', otherwise: 'duplicate' });
 *   tx.publish(OrderPlaced, order);
 * });
 */
export async function transact(
  run: (tx: ProducerTransaction) => Promise<void> | void,
  options: TransactOptions = {},
): Promise<{ readonly ids: readonly string[] }> {
  const environment = options.environment ?? environmentOf();
  const bindings = bindingsOf(environment);
  const owner = environment.variables[BINDINGS.producer] ?? 'producer';
  if (signs(environment)) await learnKeys(environment);
  const started = environment.now();
  for (let reruns = 0; ; reruns++) {
    const tx = new PendingTransaction({ environment, bindings, owner });
    try {
      await run(tx);
      tx.refuseUnfinished(undefined);
    } finally {
      tx.close();
    }
    if (tx.actions.length === 0) throw new TransactionMisused('The transaction is empty: write or publish something');
    const until = Math.min(environment.now() + COMMIT_MS, tx.commitBy());
    const result = await commit(environment, tx.actions, until);
    if (result.kind === 'committed') return { ids: tx.published.map(({ id }) => id) };

    const pause = jitter(environment, reruns);
    if (!runsAgain(result) || environment.now() + pause >= started + RERUN_MS) {
      throw errorOf(result, tx.actions);
    }
    await environment.sleep(pause);
  }
}

type Failure = Exclude<CommitResult, { readonly kind: 'committed' }>;

function runsAgain(failure: Failure): boolean {
  return failure.kind === 'conditionFailed' && failure.otherwise === 'retry';
}

function errorOf(failure: Failure, actions: readonly Action[]): WaybillError {
  switch (failure.kind) {
    case 'conditionFailed': {
      const row = actions[failure.index]?.row ?? 'a row';
      return failure.conflict
        ? new CommitUndecided(`Another transaction kept changing ${row}: nothing was applied`)
        : new ConditionFailed(`The condition on ${row} does not hold: nothing was applied`);
    }
    case 'refused':
      return new TransactionRefused(
        `DynamoDB refused ${actions[failure.index]?.row ?? 'the transaction'}: ${failure.code}`,
      );
    case 'ended':
    case 'duplicate':
    case 'withheld':
      return new TransactionMisused('A producer has no inbox and no idempotency keys');
  }
}

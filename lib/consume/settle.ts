import type { Bindings } from '../aws/bindings.ts';
import type { Environment } from '../aws/environment.ts';
import { jitter } from '../aws/retry.ts';
import {
  CommitUndecided,
  ConditionFailed,
  Rejected,
  TransactionRefused,
  type WaybillError,
} from '../contract/errors.ts';
import type { SubscriberDefinition } from '../contract/subscriber.ts';
import { type Ending, inboxPut, readInbox, writeEnding } from '../ledger/inbox.ts';
import type { EndState } from '../ledger/rows/inbox.ts';
import type { Envelope } from '../message/envelope.ts';
import { commit, type Decision } from '../transaction/commit.ts';
import { type Action, PendingTransaction } from '../transaction/pending-transaction.ts';
import type { Transaction } from '../transaction/transaction.ts';
import type { Message } from './message.ts';

/** A handler of any event, as the run time calls it. */
export type AnyHandler = (
  payload: unknown,
  context: { readonly tx: Transaction; readonly message: Message },
) => Promise<void> | void;

/** One message on its way through a handler. */
export interface Settling {
  readonly environment: Environment;
  readonly bindings: Bindings;
  readonly subscriber: SubscriberDefinition;
  readonly envelope: Envelope;
  /** The payload for the handler's first run (0) and its reruns: each its own, since a handler may change what it is given. */
  readonly payload: (rerun: number) => unknown;
  readonly handler: AnyHandler;
  readonly message: Message;
  readonly ending: Omit<Ending, 'state'>;
  /** When to stop trying, in milliseconds since the epoch. */
  readonly until: number;
}

/** How a message came out of its handler. */
export type Settlement =
  /** It has ended by this delivery. */
  | { readonly kind: 'ended'; readonly state: 'handled' | 'duplicate'; readonly already: false }
  /** It had ended: by another delivery, or because its producer took it back. */
  | { readonly kind: 'ended'; readonly state: EndState; readonly already: true }
  /** It must be dead-lettered. */
  | { readonly kind: 'refused'; readonly error: WaybillError };

/** A handler whose condition did not hold runs again for so long; then the message is redelivered. */
const RERUN_MILLISECONDS = 2_000;

/**
 * Runs the handler and commits its transaction together with the inbox row, until the outcome is known.
 *
 * @throws CommitUndecided when it is not known in time: redelivery finds out
 * @throws whatever the handler throws, but for `Rejected`, and ConditionFailed when a `retry` did not help
 */
export async function settle(settling: Settling): Promise<Settlement> {
  let rerunUntil: number | undefined;
  for (let reruns = 0; ; reruns++) {
    const { environment, until } = settling;
    const attempt = await run(settling, reruns);
    if (attempt instanceof Rejected) return { kind: 'refused', error: attempt };
    const { actions, commitBy } = attempt;
    const decision = await commit(environment, actions, Math.min(until, commitBy));
    const settlement = await conclude(settling, actions, decision);
    if (settlement.kind !== 'rerun') return settlement;

    rerunUntil ??= Math.min(until, environment.now() + RERUN_MILLISECONDS);
    const pause = jitter(environment, reruns);
    if (environment.now() + pause >= rerunUntil) throw settlement.error;
    await environment.sleep(pause);
  }
}

interface Attempt {
  /** The inbox row first. */
  readonly actions: readonly Action[];
  readonly commitBy: number;
}

/** What one run of the handler asks for. */
async function run(settling: Settling, reruns: number): Promise<Attempt | Rejected> {
  const { environment, bindings, subscriber, envelope, payload, handler, message, ending } = settling;
  const { name: owner, publishes, tables } = subscriber;
  const tx = new PendingTransaction({ environment, bindings, owner, cause: envelope, publishes, tables });
  try {
    await handler(payload(reruns), { tx, message });
  } catch (error) {
    if (error instanceof Rejected) return error;
    throw error;
  } finally {
    tx.close();
  }
  const published = tx.published.map(({ id }) => id);
  const inbox = inboxPut(environment, bindings.ledger, { ...ending, state: 'handled', published });
  const inboxAction: Action = { item: { Put: inbox }, role: { kind: 'inbox' }, row: 'the inbox row' };
  return { actions: [inboxAction, ...tx.actions], commitBy: tx.commitBy() };
}

type Conclusion = Settlement | { readonly kind: 'rerun'; readonly error: WaybillError };

async function conclude(settling: Settling, actions: readonly Action[], decision: Decision): Promise<Conclusion> {
  switch (decision.kind) {
    case 'committed':
      return { kind: 'ended', state: 'handled', already: false };
    case 'ended':
      return { kind: 'ended', state: decision.state, already: true };
    case 'duplicate':
      return endAsDuplicate(settling);
    case 'refused':
      throw new TransactionRefused(
        `DynamoDB refused ${actions[decision.index]?.row ?? 'the transaction'}: ${decision.code}`,
      );
    case 'conditionFailed':
      return concludeCondition(settling, actions[decision.index], decision);
  }
}

async function concludeCondition(
  settling: Settling,
  action: Action | undefined,
  { otherwise, conflict }: Extract<Decision, { kind: 'conditionFailed' }>,
): Promise<Conclusion> {
  const { environment, bindings, subscriber, envelope, ending } = settling;
  // A redelivery that races its original sees the original's effect in the condition, so the inbox row speaks first.
  const row = await readInbox(environment, bindings.ledger, subscriber.name, envelope.id);
  if (row && !(ending.redriven && row.state === 'dead')) return { kind: 'ended', state: row.state, already: true };

  const what = action?.row ?? 'a row';
  if (conflict) return { kind: 'rerun', error: new CommitUndecided(`Another transaction kept changing ${what}`) };
  const error = new ConditionFailed(`The condition on ${what} does not hold`);
  switch (otherwise) {
    case 'retry':
      return { kind: 'rerun', error };
    case 'deadLetter':
      return { kind: 'refused', error };
    case 'duplicate':
      return endAsDuplicate(settling);
  }
}

async function endAsDuplicate({ environment, bindings, ending }: Settling): Promise<Settlement> {
  const state = await writeEnding(environment, bindings.ledger, { ...ending, state: 'duplicate' });
  return state === 'duplicate' ? { kind: 'ended', state, already: false } : { kind: 'ended', state, already: true };
}

import type { InboundRecord } from '../aws/record.ts';
import { jitter } from '../aws/retry.ts';
import {
  CommitUndecided,
  ConditionFailed,
  type EffectUnknown,
  hasCode,
  isRejected,
  isWaybillError,
  Overtaken,
  TransactionRefused,
  type WaybillError,
} from '../contract/errors.ts';
import { Effects } from '../effect/effects.ts';
import { readInbox } from '../ledger/inbox.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import type { EndState } from '../ledger/rows/inbox.ts';
import { HOLD_MS, holdUntil, momentOf } from '../message/delivery-time.ts';
import type { Envelope } from '../message/envelope.ts';
import type { Turn } from '../order/turn.ts';
import type { Action } from '../transaction/action.ts';
import { commit } from '../transaction/commit.ts';
import { companionsOf, endMessage, inboxAction } from '../transaction/end-message.ts';
import type { CommitResult } from '../transaction/outcome.ts';
import { PendingTransaction } from '../transaction/pending-transaction.ts';
import { afterHandler, fail, isPaused, pause } from './failed-handler.ts';
import { again, deadLetter, hold, payOwed, postpone, waitInTurn } from './failure.ts';
import { type AnyHandler, endingOf, type Invocation, messageOf, type Outcome } from './invocation.ts';
import { hearLateUse } from './late-use.ts';
import { type RecordContent, readRecord } from './read-record.ts';

type MessageContent = Extract<RecordContent, { readonly kind: 'message' }>;

/**
 * Takes one record as far as it gets: handles it, or dead-letters what can never be handled. Never throws.
 *
 * @param isBehind whether it is of a key of which another record before it has not ended
 */
export async function deliver(
  invocation: Invocation,
  record: InboundRecord,
  content: RecordContent,
  isBehind = false,
): Promise<Outcome> {
  try {
    const held = isBehind && content.kind === 'message' && (await hold(invocation, record, content.envelope));
    if (held) return held;
    switch (content.kind) {
      case 'skipped':
        return { kind: 'skipped' };
      case 'refused':
        return await deadLetter(invocation, record, content.error, content.envelope);
      case 'failed':
        return content.envelope
          ? await fail(invocation, record, content.envelope, content.error)
          : again(invocation, record, content.error);
      case 'message':
        return await handle(invocation, record, content);
    }
  } catch (error) {
    return again(invocation, record, error);
  }
}

async function handle(invocation: Invocation, record: InboundRecord, content: MessageContent): Promise<Outcome> {
  const { environment, bindings, subscriber, until, before, commands } = invocation;
  const { envelope } = content;
  if (isPaused(invocation)) return pause(invocation, record, envelope);
  const deliverAt = Math.max(momentOf(envelope), record.notBefore ?? 0);
  if (deliverAt > Math.min(environment.now() + HOLD_MS, until)) return { kind: 'early', deliverAt };
  await holdUntil(environment, deliverAt);
  if (record.deliveries > 1 || record.redriven) {
    const row = await readInbox(ledgerOf(environment, bindings), subscriber.name, envelope.id);
    if (row && !(record.redriven && row.state === 'dead')) return payOwed(invocation, record, envelope, row);
    if (row) before.set(record, row);
  }
  const turn = invocation.order?.turnOf(record, envelope);
  let settled: Settled;
  try {
    settled = await settle(invocation, record, content, turn);
  } catch (error) {
    // A command is still to be told as what it ends.
    if (hasCode(error, 'effect-cancelled'))
      return commands ? postpone(invocation, record, envelope, error) : { kind: 'already' };
    return (await hold(invocation, record, envelope)) ?? afterHandler(invocation, record, envelope, error);
  }
  invocation.circuit?.ran();
  switch (settled.kind) {
    case 'refused':
      return (
        (await commands?.refuse(invocation, record, envelope, settled.error)) ??
        deadLetter(invocation, record, settled.error, envelope)
      );
    case 'ended':
      return payOwed(invocation, record, envelope, settled);
    case 'early':
      return waitInTurn(invocation, settled.turn);
    default:
      await turn?.passOn(settled.kind, until);
      await commands?.answer(invocation, envelope, { state: settled.kind });
      return settled;
  }
}

/** How a message came out of its handler. */
type Settled =
  | { readonly kind: 'handled' | 'duplicate' }
  /** It had ended: by another delivery, or because its producer has cancelled it. */
  | { readonly kind: 'ended'; readonly state: EndState }
  /** What it follows in its order has not ended. */
  | { readonly kind: 'early'; readonly turn: Turn }
  /** It can never be handled. */
  | { readonly kind: 'refused'; readonly error: WaybillError };

/** A handler whose condition did not hold runs again for so long; then the message is redelivered. */
const RERUN_MS = 2_000;

/**
 * Runs the handler and commits its transaction together with the inbox row, until the outcome is known.
 *
 * @throws CommitUndecided when it is not known in time: redelivery finds out
 * @throws whatever the handler throws, but for `Rejected`, and ConditionFailed when a `retry` did not help
 */
async function settle(
  invocation: Invocation,
  record: InboundRecord,
  content: MessageContent,
  turn: Turn | undefined,
): Promise<Settled> {
  const { environment, until } = invocation;
  let rerunUntil: number | undefined;
  for (let reruns = 0; ; reruns++) {
    // A handler may change the payload that it is given, so each rerun has its own.
    const { payload } = reruns === 0 ? content : (readRecord(invocation, record) as MessageContent);
    const attempt = await run(invocation, record, content, payload, turn);
    if (isWaybillError(attempt)) return { kind: 'refused', error: attempt };
    const { actions, commitBy } = attempt;
    const by = Math.min(until, commitBy);
    const first = await commit(environment, actions, by);
    const result = turn ? await turn.committed(actions, first, by) : first;
    const settled = await conclude(invocation, record, content.envelope, actions, result, turn);
    if (settled.kind !== 'rerun') return settled;

    // A probe meets what the handler depends on once.
    if (invocation.probe) throw new CommitUndecided(settled.error.message);
    rerunUntil ??= Math.min(until, environment.now() + RERUN_MS);
    const pause = jitter(environment, reruns);
    if (environment.now() + pause >= rerunUntil) throw settled.error;
    await environment.sleep(pause);
  }
}

interface Attempt {
  /** The inbox row first. */
  readonly actions: readonly Action[];
  readonly commitBy: number;
}

/** What one run of the handler asks for. */
async function run(
  invocation: Invocation,
  record: InboundRecord,
  { envelope, event }: MessageContent,
  payload: unknown,
  turn: Turn | undefined,
): Promise<Attempt | WaybillError> {
  const { environment, bindings, subscriber, handlers, running } = invocation;
  const { name: owner, publishes, tables } = subscriber;
  const { request, deadline, effectsUnderWay: underWay } = invocation;
  const handler = handlers.get(event.type) as AnyHandler;
  const ledger = ledgerOf(environment, bindings);
  const ending = { ...endingOf(invocation, record, envelope), state: 'handled' as const };
  const companions = [...companionsOf(ledger, ending), ...(turn?.companions() ?? [])];
  const onLateUse = () => hearLateUse(invocation, envelope.id);
  const context = {
    environment,
    bindings,
    owner,
    cause: envelope,
    publishes,
    tables,
    companions,
    onLateUse,
    reserved: turn ? 1 : 0,
  };
  const tx = new PendingTransaction(context);
  const of = invocation.commands?.effectsOf(envelope);
  const before = turn && (() => turn.require());
  const outside = { environment, bindings, subscriber, envelope, of, request, deadline, underWay, before };
  const effects = new Effects(outside);
  try {
    if (invocation.probe) invocation.probe.ran = true;
    running.set(record, environment.now());
    const message = Object.assign(messageOf(envelope, record.deliveries), { effect: effects.call });
    const answered: unknown = await handler(payload, { tx, message }, { ledger, bindings, effects: outside });
    effects.end();
    tx.refuseUnfinished(answered);
  } catch (thrown) {
    const { error } = effects.failed ?? { error: thrown };
    if (isRejected(error) || endsMessage(error)) return error;
    throw error;
  } finally {
    running.delete(record);
    tx.close();
  }
  const inbox = inboxAction(ledger, { ...ending, published: tx.published.map(({ id }) => id) });
  return { actions: tx.with(inbox), commitBy: tx.commitBy() };
}

type Concluded = Settled | { readonly kind: 'rerun'; readonly error: WaybillError };

async function conclude(
  invocation: Invocation,
  record: InboundRecord,
  envelope: Envelope,
  actions: readonly Action[],
  result: CommitResult,
  turn: Turn | undefined,
): Promise<Concluded> {
  switch (result.kind) {
    case 'committed':
      return { kind: 'handled' };
    case 'ended':
      return result;
    case 'duplicate':
      return endAsDuplicate(invocation, record, envelope);
    case 'withheld': {
      if (turn?.standing === 'early') return { kind: 'early', turn };
      if (turn?.standing === 'overtaken') return { kind: 'refused', error: overtaken(envelope) };
      const state = await invocation.commands?.withheld(invocation, record, envelope, result.row);
      if (state) return { kind: 'ended', state };
      return { kind: 'rerun', error: new CommitUndecided(`The companion '${result.of}' withholds it`) };
    }
    case 'refused':
      throw new TransactionRefused(
        `DynamoDB refused ${actions[result.index]?.row ?? 'the transaction'}: ${result.code}`,
      );
    case 'conditionFailed':
      break;
  }
  // A redelivery that races its original sees the original's effect in the condition, so the inbox row speaks first.
  const { environment, bindings, subscriber } = invocation;
  const row = await readInbox(ledgerOf(environment, bindings), subscriber.name, envelope.id);
  if (row && !(record.redriven && row.state === 'dead')) return { kind: 'ended', state: row.state };

  const { row: what } = actions[result.index] as Action;
  if (result.conflict)
    return { kind: 'rerun', error: new CommitUndecided(`Another transaction kept changing ${what}`) };
  const error = new ConditionFailed(`The condition on ${what} does not hold`);
  switch (result.otherwise) {
    case 'retry':
      return { kind: 'rerun', error };
    case 'deadLetter':
      return { kind: 'refused', error };
    case 'duplicate':
      return endAsDuplicate(invocation, record, envelope);
  }
}

function overtaken({ id }: Envelope): Overtaken {
  return new Overtaken(
    `What follows '${id}' in its order has ended, so that it takes effect no more: publish it anew, or leave it`,
  );
}

async function endAsDuplicate(invocation: Invocation, record: InboundRecord, envelope: Envelope): Promise<Settled> {
  const { environment, bindings, until } = invocation;
  const turn = invocation.order?.turnOf(record, envelope);
  if (turn && (await turn.look()) === 'early') return { kind: 'early', turn };
  const besides = await turn?.endCompanions('duplicate', false);
  const ending = { ...endingOf(invocation, record, envelope), state: 'duplicate' as const };
  const state = await endMessage(ledgerOf(environment, bindings), ending, until, besides);
  return state === 'duplicate' ? { kind: 'duplicate' } : { kind: 'ended', state };
}

/** Whether a message can never be handled for what became of its effect: an operator decides. */
function endsMessage(error: unknown): error is WaybillError {
  return hasCode(error, 'effect-input-changed') || (hasCode(error, 'effect-unknown') && (error as EffectUnknown).final);
}

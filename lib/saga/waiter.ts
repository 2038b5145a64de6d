import { createConsumer } from '../consume/consume.ts';
import type { Consumer } from '../consume/consumer.ts';
import type { AnyHandler, Commands } from '../consume/invocation.ts';
import { LimitExceeded, Rejected } from '../contract/errors.ts';
import { portable, SAGA_LIMITS } from '../contract/saga-data.ts';
import type { SagaSettings, SagaWaitSettings } from '../contract/saga-settings.ts';
import { waiterOf } from '../contract/saga-waiter.ts';
import { commandType, type RunCommand, type StepDefinition } from '../contract/step.ts';
import { getRow, type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { readOutbox } from '../ledger/outbox.ts';
import { sagaEndKey, type WaitRow, waitKey } from '../ledger/rows/saga.ts';
import { payloadOf } from '../message/compression.ts';
import type { Envelope } from '../message/envelope.ts';
import { messageTime } from '../message/message-id.ts';
import { PendingTransaction } from '../transaction/pending-transaction.ts';
import { commandIn, commandsOf } from './commands.ts';
import { sendReply } from './send-reply.ts';
import { readStep, sagaTtl, stepAction } from './step-row.ts';
import { waitAction } from './wait-row.ts';

/**
 * The handler of a saga's waiter, a subscriber of the events that the saga waits for and of the commands to wait. Whichever
 * comes first is kept in a row by whose it is; the other finds it there, and answers the task.
 */
export function createWaiter(settings: SagaSettings): Consumer {
  const waiter = waiterOf(settings);
  const heard = Object.fromEntries(
    (settings.waits ?? []).map(({ event: { type } }) => [type, hearEvent(settings, type, waiter.name)] as const),
  );
  const handlers = { [commandType(waiter.name, 'run')]: beginWait(settings, waiter.name), ...heard };
  return createConsumer(waiter, handlers, {}, answersOf(settings, waiter));
}

/** Notes who waits. Where the event has come before, that is its end. */
function beginWait({ name: saga, waits = [] }: SagaSettings, subscriber: string): AnyHandler {
  return async (payload, { tx, message }, { ledger }) => {
    const { execution, step, input } = payload as RunCommand;
    const wait = waits.find((one) => one.name === step);
    if (!wait) throw new Rejected(`The saga '${saga}' has no wait '${step}'`);
    const key = waitKey(saga, step, textOf(input, `what '${step}' waits for`));
    const row = await getRow<WaitRow>(ledger, key);
    const isMine = row?.execution === undefined || row.execution === execution;
    if (row && !isMine) await refuseSecond(ledger, row);
    // A task that was tried again has another token, in a younger message.
    if (isMine && row?.command !== undefined && row.command >= message.id) return;
    const until = messageTime(message.id) + wait.within;
    const heard = isMine && row?.event !== undefined ? { event: row.event, message: row.message } : {};
    accompany(tx, [
      waitAction(ledger, key, row, { execution, command: message.id, until, ...heard, ttl: sagaTtl(ledger) }),
      doneAction(ledger, { execution, step, subscriber }, message.id, heard.event),
    ]);
  };
}

/** An event is for one execution. Another one takes the place of one that has had its own, or waits no more. */
async function refuseSecond(ledger: Ledger, { execution = '', until = 0, event }: WaitRow): Promise<void> {
  if (event !== undefined || until <= ledger.environment.now() || (await getRow(ledger, sagaEndKey(execution)))) return;
  throw new Rejected(`The execution '${execution}' waits for the same`);
}

/** Keeps an event. Where somebody waits for it, that is the end of the wait. */
function hearEvent(settings: SagaSettings, type: string, subscriber: string): AnyHandler {
  return async (payload, { tx, message }, { ledger }) => {
    const event = JSON.stringify(payload);
    const wrong = portable(payload, SAGA_LIMITS.outputBytes);
    if (wrong) throw new LimitExceeded(`'${type}' cannot be carried by the saga '${settings.name}': ${wrong.message}`);
    for (const wait of waitsFor(settings, type)) {
      const key = keyOf(settings, wait, payload);
      const row = await getRow<WaitRow>(ledger, key);
      // The first one counts.
      if (row?.event !== undefined) continue;
      const { execution, command, until } = row ?? {};
      const kept = { execution, command, until, event, message: message.id, ttl: sagaTtl(ledger) };
      const waiting = execution !== undefined && command !== undefined;
      accompany(tx, [
        waitAction(ledger, key, row, kept),
        ...(waiting ? [doneAction(ledger, { execution, step: wait.name, subscriber }, command, event)] : []),
      ]);
    }
  };
}

type Place = Parameters<typeof stepAction>[1];

function doneAction(ledger: Ledger, place: Place, message: string, output: string | undefined) {
  const columns =
    output === undefined ? ({ state: 'waiting', message } as const) : { state: 'done' as const, message, output };
  return stepAction(ledger, place, columns, ['absent', 'waiting', 'done']);
}

function accompany(tx: unknown, actions: readonly ReturnType<typeof stepAction>[]): void {
  if (!(tx instanceof PendingTransaction)) throw new TypeError('A waiter has a transaction of another make');
  for (const action of actions) tx.accompany(action);
}

/** Who waits is told by whichever comes second, the command or the event, and by each that comes again. */
function answersOf(settings: SagaSettings, waiter: StepDefinition): Commands {
  const commands = commandsOf(waiter);
  const isCommand = ({ type }: Envelope) => type === commandType(waiter.name, 'run');
  return {
    effectsOf: ({ id, expires }) => ({ id, ttl: Math.ceil(Date.parse(expires) / 1000) }),
    // Somebody has written the row in between: it is read again.
    withheld: async () => undefined,
    refuse: async (invocation, record, envelope, error) =>
      isCommand(envelope) ? commands.refuse(invocation, record, envelope, error) : undefined,
    answer: async (invocation, envelope, ended) => {
      const ledger = ledgerOf(invocation.environment, invocation.bindings);
      if (!isCommand(envelope)) return answerEvent(settings, ledger, envelope);
      const row = await readStep(ledger, commandIn(waiter, envelope));
      if (row?.state !== 'waiting') await commands.answer(invocation, envelope, ended);
    },
  };
}

async function answerEvent(settings: SagaSettings, ledger: Ledger, envelope: Envelope): Promise<void> {
  const payload = payloadOf(envelope);
  for (const wait of waitsFor(settings, envelope.type)) {
    // One that says nothing is dead, and nobody waits for it.
    if (textIn(valueAt(payload, wait.where)) === undefined) continue;
    const row = await getRow<WaitRow>(ledger, keyOf(settings, wait, payload));
    if (row?.event === undefined || row.command === undefined) continue;
    const token = (await readOutbox(ledger, row.command))?.token;
    if (token !== undefined) await sendReply(ledger.environment, token, { kind: 'success', output: row.event });
  }
}

function waitsFor({ waits = [] }: SagaSettings, type: string): readonly SagaWaitSettings[] {
  return waits.filter(({ event }) => event.type === type);
}

function keyOf({ name }: SagaSettings, wait: SagaWaitSettings, payload: unknown) {
  return waitKey(
    name,
    wait.name,
    textOf(valueAt(payload, wait.where), `'${wait.event.type}' at '${wait.where.join('.')}'`),
  );
}

function valueAt(payload: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, field) => (value as Readonly<Record<string, unknown>> | undefined)?.[field],
    payload,
  );
}

/** Part of a partition key, which holds 2,048 bytes. */
const MOST_BYTES = 1_024;

/** @throws Rejected when it is neither text nor number, or too long for a key */
function textOf(value: unknown, what: string): string {
  const text = textIn(value);
  if (text !== undefined) return text;
  throw new Rejected(`${what} is no text and no number of at most ${MOST_BYTES} bytes: nobody can say whose it is`);
}

function textIn(value: unknown): string | undefined {
  const isText = (typeof value === 'string' && value !== '') || typeof value === 'number';
  return isText && Buffer.byteLength(String(value)) <= MOST_BYTES ? String(value) : undefined;
}

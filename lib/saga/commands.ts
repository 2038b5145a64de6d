import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { InboundRecord } from '../aws/record.ts';
import { type Commands, endingOf, type Invocation } from '../consume/invocation.ts';
import { hasCode, isRejected } from '../contract/errors.ts';
import { commandType, type StepDefinition, type UndoCommand } from '../contract/step.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { readOutbox } from '../ledger/outbox.ts';
import type { EndState, InboxRow } from '../ledger/rows/inbox.ts';
import { SAGA_ROWS_MS, type SagaStepRow, stepEffectsId } from '../ledger/rows/saga.ts';
import { payloadOf } from '../message/compression.ts';
import type { Envelope } from '../message/envelope.ts';
import type { Action } from '../transaction/action.ts';
import { endMessage } from '../transaction/end-message.ts';
import { replyTo } from './reply.ts';
import { sendReply } from './send-reply.ts';
import { readStep, stepAction } from './step-row.ts';

/** A command as its message says it. */
export interface Command extends UndoCommand {
  readonly kind: 'run' | 'undo';
  readonly input?: unknown;
}

/** The command in a message of a step. */
export function commandIn(step: StepDefinition, envelope: Envelope): Command {
  const { execution = '', step: name = '', input } = (payloadOf(envelope) ?? {}) as Partial<Command>;
  return { kind: envelope.type === commandType(step.name, 'run') ? 'run' : 'undo', execution, step: name, input };
}

/** What the messages of a step mean: each is a command of a state machine, which waits for its end. */
export function commandsOf(step: StepDefinition): Commands {
  return {
    effectsOf: (envelope) => {
      const { execution, step: name, kind } = commandIn(step, envelope);
      return {
        id: stepEffectsId(execution, name, kind),
        ttl: Math.ceil((Date.parse(envelope.time) + SAGA_ROWS_MS) / 1000),
      };
    },
    withheld: async (invocation, record, envelope, item) => {
      const { kind } = commandIn(step, envelope);
      const row = item && (unmarshall(item) as SagaStepRow).state;
      const isUndone = row === 'undone' || row === 'void';
      if (kind === 'undo' && !isUndone) return undefined;
      const state = kind === 'run' && isUndone ? 'cancelled' : 'duplicate';
      return end(invocation, record, envelope, state);
    },
    refuse: async (invocation, record, envelope, error) => {
      const { kind, execution, step: name, input } = commandIn(step, envelope);
      // Of what it was asked for, not of what became of it: where another attempt may end otherwise, it is dead.
      if (kind === 'undo' || !(isRejected(error) || hasCode(error, 'condition-failed'))) return undefined;
      const ledger = ledgerIn(invocation);
      const place = { execution, step: name, subscriber: step.name };
      const columns = {
        state: 'refused',
        code: error.code,
        reason: error.detail.slice(0, MOST_REASON),
        message: envelope.id,
        input: JSON.stringify(input),
      } as const;
      const row = await readStep(ledger, place);
      // What is known of the step is the answer.
      const isKnown = row && row.state !== 'running';
      const beside = isKnown ? [] : [stepAction(ledger, place, columns, ['absent', 'running'])];
      const state = await end(invocation, record, envelope, 'handled', beside);
      await answer(step, invocation, envelope, { state });
      return { kind: state === 'handled' ? state : 'already' };
    },
    answer: (invocation, envelope, ended) => answer(step, invocation, envelope, ended),
  };
}

function end(
  invocation: Invocation,
  record: InboundRecord,
  envelope: Envelope,
  state: EndState,
  beside: readonly Action[] = [],
): Promise<EndState> {
  const ending = { ...endingOf(invocation, record, envelope), state };
  return endMessage(ledgerIn(invocation), ending, invocation.until, beside);
}

/** Nobody waits for what no state machine has committed. */
async function answer(
  step: StepDefinition,
  invocation: Invocation,
  envelope: Envelope,
  ended: Pick<InboxRow, 'state'> & Partial<InboxRow>,
): Promise<void> {
  const { kind, execution, step: name } = commandIn(step, envelope);
  const ledger = ledgerIn(invocation);
  const [outbox, row] = await Promise.all([
    readOutbox(ledger, envelope.id),
    readStep(ledger, { execution, step: name }),
  ]);
  if (outbox?.token !== undefined) await sendReply(ledger.environment, outbox.token, replyTo(kind, row, ended));
}

function ledgerIn({ environment, bindings }: Invocation): Ledger {
  return ledgerOf(environment, bindings);
}

const MOST_REASON = 1_000;

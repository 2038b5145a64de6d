import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Commands } from '../consume/commands.ts';
import { hasCode, isRejected } from '../contract/errors.ts';
import { commandType, type StepDefinition, type UndoCommand } from '../contract/step.ts';
import { readOutbox } from '../ledger/outbox.ts';
import { SAGA_ROWS_MS, type SagaStepRow, stepEffectsId } from '../ledger/rows/saga.ts';
import { payloadOf } from '../message/compression.ts';
import type { Envelope } from '../message/envelope.ts';
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
    withheld: (envelope, item) => {
      const { kind } = commandIn(step, envelope);
      const state = item && (unmarshall(item) as SagaStepRow).state;
      if (kind === 'undo') return state === 'undone' || state === 'void' ? 'duplicate' : 'again';
      return state === 'undone' || state === 'void' ? 'cancelled' : 'duplicate';
    },
    refused: async (ledger, envelope, error) => {
      const { kind, execution, step: name, input } = commandIn(step, envelope);
      // Of what it was asked for, not of what became of it: where another attempt may end otherwise, it is dead.
      if (kind === 'undo' || !(isRejected(error) || hasCode(error, 'condition-failed'))) return undefined;
      const place = { execution, step: name, subscriber: step.name };
      const row = await readStep(ledger, place);
      // What is known of the step is the answer.
      if (row && row.state !== 'running') return [];
      const columns = {
        state: 'refused',
        code: error.code,
        reason: error.detail.slice(0, MOST_REASON),
        message: envelope.id,
        input: JSON.stringify(input),
      } as const;
      return [stepAction(ledger, place, columns, ['absent', 'running'])];
    },
    answer: async (ledger, envelope, end) => {
      const { kind, execution, step: name } = commandIn(step, envelope);
      const [outbox, row] = await Promise.all([
        readOutbox(ledger, envelope.id),
        readStep(ledger, { execution, step: name }),
      ]);
      // Nobody waits for what no state machine has committed.
      if (outbox?.token !== undefined) await sendReply(ledger.environment, outbox.token, replyTo(kind, row, end));
    },
  };
}

const MOST_REASON = 1_000;

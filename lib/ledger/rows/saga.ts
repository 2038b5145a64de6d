import { DAY_MS } from '../../contract/time.ts';
import { type Expiring, type LedgerKey, SAGA_PREFIX, STUCK_PREFIX, WAIT_PREFIX } from './layout.ts';

/**
 * What a step of an execution has done. Written with its effects, in one transaction.
 *
 * - `running`: it may have had effects outside. Of steps that have any, before they begin.
 * - `waiting`: of a wait, the event has not come.
 * - `done`: its `output` is kept.
 * - `refused`: it has refused what it was asked for, and has done nothing that lies in the ledger.
 * - `undone`: what it had done was undone.
 * - `void`: it was undone before it ran. Whatever runs after that is refused.
 */
export type StepState = 'running' | 'waiting' | 'done' | 'refused' | 'undone' | 'void';

/** A step of an execution, as it lies in the ledger. */
export interface SagaStepRow extends LedgerKey, Expiring {
  readonly state: StepState;
  /** The name of the step's definition: of its subscriber. */
  readonly subscriber: string;
  /** When it came to this state, in milliseconds since the epoch. */
  readonly at: number;
  /** The message that has run it; absent where none has. */
  readonly message?: string;
  /** The message that has undone it. */
  readonly undoing?: string;
  /** What it was asked for, as JSON. */
  readonly input?: string;
  /** What it has answered, as JSON. */
  readonly output?: string;
  /** Of a refused one: the error's code and what it says. */
  readonly code?: string;
  readonly reason?: string;
}

/** An execution, as its starter has noted it. */
export interface SagaStartRow extends LedgerKey, Expiring {
  readonly saga: string;
  /** The ARN of the execution. */
  readonly arn: string;
  /** When it was started, in milliseconds since the epoch. */
  readonly started: number;
}

/** How an execution has ended: written by its state machine, with the message that says so. */
export interface SagaEndRow extends LedgerKey, Expiring {
  readonly state: 'completed' | 'compensated';
  readonly at: number;
  /** The message that was published then; absent where the saga publishes none. */
  readonly message?: string;
}

/** A step that an execution could not undo, or of which nobody knows what it has done: it waits for somebody. */
export interface StuckRow extends LedgerKey {
  /** The step's name in the saga. */
  readonly step: string;
  readonly subscriber: string;
  /** What is stuck. */
  readonly kind: 'run' | 'undo';
  /** The token of the task that waits. A secret: whoever has it may answer for the task. */
  readonly token: string;
  readonly code: string;
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/**
 * An event that a saga waits for, by whose it is. Whichever comes first, the event or the command to wait, is kept until the
 * other comes.
 */
export interface WaitRow extends LedgerKey, Expiring {
  /** The execution that waits, or has waited. */
  readonly execution?: string;
  /** The message by which it was told to: its outbox row has the token of the task. */
  readonly command?: string;
  /** Until when it waits, in milliseconds since the epoch. */
  readonly until?: number;
  /** The payload of the event that has come, as JSON. */
  readonly event?: string;
  /** The id of the event's message. */
  readonly message?: string;
}

/** How many executions of a saga ran when its keeper counted them. */
export interface SagaCountRow extends LedgerKey {
  /** The ARN of its state machine. */
  readonly machine: string;
  /** Milliseconds since the epoch. */
  readonly asOf: number;
  readonly running: number;
  readonly stuck: number;
  /** When the oldest that runs was started, in milliseconds since the epoch. */
  readonly oldest?: number;
}

/** An execution of Step Functions ends after a year; what is left of it is undone within days. */
export const SAGA_ROWS_MS = 400 * DAY_MS;

/** The partition of an execution. */
export function sagaPartition(execution: string): string {
  return `${SAGA_PREFIX}${execution}`;
}

/** Where a step of an execution lies. */
export function sagaStepKey(execution: string, step: string): LedgerKey {
  return { pk: sagaPartition(execution), sk: step };
}

/** Where it is written which execution of a state machine it is. No step has such a name. */
export function sagaStartKey(execution: string): LedgerKey {
  return { pk: sagaPartition(execution), sk: SAGA_START };
}

/** Where it is written how an execution has ended. */
export function sagaEndKey(execution: string): LedgerKey {
  return { pk: sagaPartition(execution), sk: SAGA_END };
}

export const SAGA_START = '#start';
export const SAGA_END = '#end';

/** The partition of all that is stuck of a saga. */
export function stuckPartition(saga: string): string {
  return `${STUCK_PREFIX}${saga}`;
}

/** The sort key of what is stuck of an execution. */
export function stuckSortKey(execution: string, step: string, kind: StuckRow['kind']): string {
  return `${execution}#${step}#${kind}`;
}

/** Where it is written whether an event has come, and who waits for it. */
export function waitKey(saga: string, wait: string, value: string): LedgerKey {
  return { pk: `${WAIT_PREFIX}${saga}#${wait}#${value}`, sk: 'wait' };
}

/** The id of a step's effects outside: a retried command is another message, and has the same effects. */
export function stepEffectsId(execution: string, step: string, kind: 'run' | 'undo'): string {
  return kind === 'run' ? `${execution}/${step}` : `${execution}/${step}/undo`;
}

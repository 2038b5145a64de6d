import { unmarshall } from '@aws-sdk/util-dynamodb';
import { UnknownMessage } from '../contract/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { partition } from '../ledger/partition.ts';
import { SAGAS } from '../ledger/rows/layout.ts';
import {
  SAGA_END,
  SAGA_START,
  type SagaCountRow,
  type SagaEndRow,
  type SagaStartRow,
  type SagaStepRow,
  type StepState,
  sagaPartition,
} from '../ledger/rows/saga.ts';
import { type StuckStep, stuckOf } from './stuck.ts';

/** A saga, as its keeper has counted it, and what of it is stuck. */
export interface ListedSaga {
  readonly saga: string;
  /** When it was counted, in milliseconds since the epoch. */
  readonly asOf: number;
  /** Executions that run, those that are stuck included. */
  readonly running: number;
  /** When the oldest that runs was started, in milliseconds since the epoch. */
  readonly oldest?: number;
  readonly stuck: readonly StuckStep[];
}

/** An execution of a saga, as the ledger knows it. */
export interface SagaExecution {
  /** The id of the message that has started it. */
  readonly execution: string;
  readonly saga: string;
  /** The ARN of the execution in Step Functions. */
  readonly arn: string;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly state: 'running' | 'stuck' | 'completed' | 'compensated';
  readonly ended?: number;
  /** The message that was published at its end. */
  readonly published?: string;
  /** In the order in which they have come to their states. A step whose command has not been taken up is not among them. */
  readonly steps: readonly SagaStepView[];
  readonly stuck: readonly StuckStep[];
}

/** A step of an execution. Its input and output stay in the ledger. */
export interface SagaStepView {
  readonly step: string;
  readonly subscriber: string;
  readonly state: StepState;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly message?: string;
  readonly undoing?: string;
  readonly code?: string;
  readonly reason?: string;
}

/** All sagas of a ledger that a keeper has counted, by name. */
export async function listSagas(ledger: Ledger): Promise<ListedSaga[]> {
  const counts = await rowsIn<SagaCountRow>(ledger, SAGAS);
  return Promise.all(
    counts.map(async ({ sk: saga, asOf, running, oldest }) => ({
      saga,
      asOf,
      running,
      ...(oldest !== undefined && { oldest }),
      stuck: await stuckOf(ledger, saga),
    })),
  );
}

/**
 * An execution of a saga, step by step.
 *
 * @throws UnknownMessage when the message has started none, or its rows have been cleaned up
 */
export async function readSaga(ledger: Ledger, execution: string): Promise<SagaExecution> {
  const rows = await rowsIn<SagaStartRow | SagaEndRow | SagaStepRow>(ledger, sagaPartition(execution));
  const start = rows.find(({ sk }) => sk === SAGA_START) as SagaStartRow | undefined;
  const end = rows.find(({ sk }) => sk === SAGA_END) as SagaEndRow | undefined;
  if (!start)
    throw new UnknownMessage(`'${execution}' is no execution of a saga: give the id of the message that started it`);
  const { saga, arn, started } = start;
  const stuck = (await stuckOf(ledger, saga)).filter((one) => one.execution === execution);
  return {
    execution,
    saga,
    arn,
    started,
    state: end?.state ?? (stuck.length > 0 ? 'stuck' : 'running'),
    ...(end && { ended: end.at, ...(end.message !== undefined && { published: end.message }) }),
    steps: rows
      .flatMap((row) => (row === start || row === end ? [] : [viewOf(row as SagaStepRow)]))
      .sort((one, other) => one.at - other.at),
    stuck,
  };
}

function viewOf({ sk, subscriber, state, at, message, undoing, code, reason }: SagaStepRow): SagaStepView {
  return {
    step: sk,
    subscriber,
    state,
    at,
    ...(message !== undefined && { message }),
    ...(undoing !== undefined && { undoing }),
    ...(code !== undefined && { code }),
    ...(reason !== undefined && { reason }),
  };
}

async function rowsIn<Row>(ledger: Ledger, pk: string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const page of partition(ledger, pk, { consistent: true })) {
    rows.push(...page.map((item) => unmarshall(item) as Row));
  }
  return rows;
}

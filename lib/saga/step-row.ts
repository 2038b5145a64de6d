import { toItem } from '../aws/attribute.ts';
import { Expression } from '../aws/expression.ts';
import { getRow, type Ledger, putRow } from '../ledger/ledger.ts';
import { SAGA_ROWS_MS, type SagaStepRow, type StepState, sagaStepKey } from '../ledger/rows/saga.ts';
import type { Action } from '../transaction/action.ts';

/** Which step of which execution. */
export interface StepPlace {
  readonly execution: string;
  readonly step: string;
  /** The name of the step's definition. */
  readonly subscriber: string;
}

type StepColumns = Pick<SagaStepRow, 'state'> &
  Partial<Pick<SagaStepRow, 'message' | 'undoing' | 'input' | 'output' | 'code' | 'reason'>>;

/** What a step of an execution has done, read consistently. */
export function readStep(
  ledger: Ledger,
  { execution, step }: Omit<StepPlace, 'subscriber'>,
): Promise<SagaStepRow | undefined> {
  return getRow(ledger, sagaStepKey(execution, step));
}

/** When the rows of an execution may go, in seconds since the epoch. */
export function sagaTtl({ environment }: Ledger): number {
  return Math.ceil((environment.now() + SAGA_ROWS_MS) / 1000);
}

/** Notes that a step may have effects outside. Where it was noted before, or more is known, tells what lies there. */
export async function beginStep(
  ledger: Ledger,
  place: StepPlace,
  columns: StepColumns,
): Promise<SagaStepRow | undefined> {
  const { kind, row } = await putRow<SagaStepRow>(ledger, stepRow(ledger, place, columns), {
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
  return kind === 'written' ? undefined : row;
}

/** The write that brings a step to a state, from one of these or from none: with its effects, in one transaction. */
export function stepAction(
  ledger: Ledger,
  place: StepPlace,
  columns: StepColumns,
  from: readonly (StepState | 'absent')[],
): Action {
  const expression = new Expression('a step');
  const conditions = from.map((state) =>
    state === 'absent'
      ? 'attribute_not_exists(pk)'
      : `${expression.name('state')} = ${expression.value('state', state)}`,
  );
  const Put = {
    TableName: ledger.table,
    Item: toItem(stepRow(ledger, place, columns)),
    ConditionExpression: conditions.join(' OR '),
    ...expression.attributes(),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  };
  return { item: { Put }, role: { kind: 'companion', of: 'saga' }, row: `the step '${place.step}'` };
}

function stepRow(ledger: Ledger, { execution, step, subscriber }: StepPlace, columns: StepColumns): SagaStepRow {
  return {
    ...sagaStepKey(execution, step),
    ...columns,
    subscriber,
    at: ledger.environment.now(),
    ttl: sagaTtl(ledger),
  };
}

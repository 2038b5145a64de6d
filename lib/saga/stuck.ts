import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type Environment, environmentOf } from '../aws/environment.ts';
import { SagaUndecidable } from '../contract/errors.ts';
import { deleteRow, type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { partition } from '../ledger/partition.ts';
import { type StuckRow, stuckPartition } from '../ledger/rows/saga.ts';
import { sendReply } from './send-reply.ts';

/** A step of an execution that waits for somebody to decide. */
export interface StuckStep {
  readonly execution: string;
  /** The step's name in the saga. */
  readonly step: string;
  /** What is stuck: its run, of which nobody knows what it has done outside, or its undoing. */
  readonly kind: StuckRow['kind'];
  readonly code: string;
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** What of a saga is stuck. Their tokens stay in the ledger. */
export async function stuckOf(ledger: Ledger, saga: string): Promise<StuckStep[]> {
  return (await stuckRowsOf(ledger, saga)).map(({ sk, step, kind, code, reason, since }) => ({
    execution: executionIn(sk),
    step,
    kind,
    code,
    reason,
    since,
  }));
}

async function stuckRowsOf(ledger: Ledger, saga: string): Promise<StuckRow[]> {
  const rows: StuckRow[] = [];
  for await (const page of partition(ledger, stuckPartition(saga))) {
    rows.push(...page.map((item) => unmarshall(item) as StuckRow));
  }
  return rows;
}

function executionIn(sk: string): string {
  return sk.slice(0, sk.indexOf('#'));
}

/** What somebody has decided of what is stuck: it is tried again, or passed over as if it had succeeded. */
export type StuckDecision = 'retry' | 'skip';

/** Which of what is stuck is decided. */
export interface DecideStuckOptions {
  readonly saga: string;
  /** The step's name in the saga. @default the only one of the execution */
  readonly step?: string;
  /** @default the process's own: bindings from `process.env`, the AWS SDK's default credentials and region */
  readonly environment?: Environment;
}

/**
 * Decides what becomes of a step that is stuck. `retry`: it is told once more, by a new command. `skip`: the saga goes on as if
 * it were undone; of a step of which nobody knew what it had done, undoing begins.
 *
 * @throws SagaUndecidable when nothing of the execution is stuck, it is not clear what is meant, or it waits no more
 */
export async function decideStuck(
  execution: string,
  decision: StuckDecision,
  { saga, step, environment = environmentOf() }: DecideStuckOptions,
): Promise<StuckStep> {
  const ledger = ledgerOf(environment);
  const all = (await stuckRowsOf(ledger, saga)).filter(({ sk }) => executionIn(sk) === execution);
  const named = step === undefined ? all : all.filter((row) => row.step === step);
  const [row, ...others] = named;
  if (!row || others.length > 0) {
    throw new SagaUndecidable(
      row
        ? `'${execution}' is stuck at ${named.length} steps: say which of ${named.map((one) => one.step).join(', ')}`
        : `Nothing of '${execution}' is stuck${step === undefined ? '' : ` at '${step}'`}`,
    );
  }
  const reply =
    decision === 'retry'
      ? ({ kind: 'failure', code: 'retry', reason: 'An operator has it tried again' } as const)
      : ({ kind: 'success', output: '{}' } as const);
  const waited = await sendReply(environment, row.token, reply);
  // What has come to be stuck again since has another token.
  await deleteRow(
    ledger,
    { pk: row.pk, sk: row.sk },
    {
      ConditionExpression: '#token = :token',
      ExpressionAttributeNames: { '#token': 'token' },
      ExpressionAttributeValues: { ':token': { S: row.token } },
    },
  );
  const { token: _, pk: __, sk: ___, subscriber: ____, ...said } = row;
  if (!waited)
    throw new SagaUndecidable(`'${execution}' waits at '${row.step}' no more: it was decided before, or has ended`);
  return { execution, ...said };
}

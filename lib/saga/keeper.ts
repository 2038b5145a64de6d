import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { SQSEvent } from 'aws-lambda';
import { type Environment, environmentOf, type GivenContext, type Sender } from '../aws/environment.ts';
import type { ServiceError } from '../aws/errors.ts';
import { type Counts, summarize } from '../aws/invocation.ts';
import { METRICS } from '../contract/metrics.ts';
import type { SagaSettings } from '../contract/saga-settings.ts';
import { getRow, type Ledger, ledgerOf, putRow } from '../ledger/ledger.ts';
import { SAGAS } from '../ledger/rows/layout.ts';
import { type SagaCountRow, sagaEndKey } from '../ledger/rows/saga.ts';
import { stepFunctionsOf } from './send-reply.ts';
import type { ExecutionInput } from './starter.ts';
import { stuckOf } from './stuck.ts';

/** The Lambda handler of a saga's keeper: a schedule invokes it each minute, a queue with each execution that has failed. */
export type Keeper = (event: unknown, context?: GivenContext) => Promise<void>;

/**
 * What EventBridge tells of an execution.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
 */
interface ExecutionEvent {
  readonly detail: {
    readonly executionArn: string;
    readonly name: string;
    readonly status: string;
    readonly cause?: string;
  };
}

/** Executions are listed a thousand at a time, the newest first. */
const PAGE = 1_000;
const MOST_PAGES = 20;
/** An execution that undoes may itself fail: another one takes its place, so often. */
const MOST_UNWINDS = 20;

/**
 * Keeps a saga from being left half done, and unseen. Each minute it counts what runs and what is stuck; an execution that ends
 * though its work is neither done nor undone (FAILED, TIMED_OUT, ABORTED) it has undone by another one, from the ledger's rows.
 */
export function createKeeper(settings: SagaSettings): Keeper {
  return async (event, context = {}) => {
    const environment = environmentOf(context);
    const ledger = ledgerOf(environment);
    await summarize(environment, 'saga', { saga: settings.name }, async (counts) => {
      const stepFunctions = await stepFunctionsOf(environment);
      const ended = endedIn(event);
      for (const one of ended) await unwind(ledger, stepFunctions, settings, one, counts);
      if (ended.length === 0) await count(ledger, stepFunctions, settings);
    });
    environment.metrics.flush();
  };
}

/** The executions of which a batch of the keeper's queue tells that they have ended. */
function endedIn(event: unknown): ExecutionEvent[] {
  const { Records = [] } = (event ?? {}) as Partial<SQSEvent>;
  return Records.map(({ body }) => JSON.parse(body) as ExecutionEvent);
}

/** The id of an execution of the saga's own machine, as the name of any execution begins. */
const EXECUTION_ID = 36;

async function unwind(
  ledger: Ledger,
  stepFunctions: Sender<SFNClient>,
  { name: saga, unwindMachine }: SagaSettings,
  { detail: { executionArn, name, status } }: ExecutionEvent,
  counts: Counts,
): Promise<void> {
  const execution = name.slice(0, EXECUTION_ID);
  if (await getRow(ledger, sagaEndKey(execution))) return counts.add('ended');
  ledger.environment.metrics.count(METRICS.sagaUnwound(saga), 1);
  const before = Number(name.slice(EXECUTION_ID + '-unwind-'.length) || 0);
  if (before >= MOST_UNWINDS) return counts.add('givenUp');
  const { input = '{}', cause = '' } = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
  const started: ExecutionInput = {
    ...(JSON.parse(input) as ExecutionInput),
    cause: `${status} ${cause}`.slice(0, 1_000),
  };
  const next = {
    stateMachineArn: unwindMachine,
    name: `${execution}-unwind-${before + 1}`,
    input: JSON.stringify(started),
  };
  try {
    await stepFunctions.send(new StartExecutionCommand(next));
    counts.add('unwound');
  } catch (error) {
    if ((error as ServiceError).name !== 'ExecutionAlreadyExists') throw error;
    counts.add('already');
  }
}

async function count(
  ledger: Ledger,
  stepFunctions: Sender<SFNClient>,
  { name: saga, machine, unwindMachine }: SagaSettings,
): Promise<void> {
  const { environment } = ledger;
  const [running, unwinding, stuck] = await Promise.all([
    runningOf(stepFunctions, machine),
    runningOf(stepFunctions, unwindMachine),
    stuckOf(ledger, saga),
  ]);
  const now = environment.now();
  const oldest = Math.min(now, running.oldest, unwinding.oldest);
  const row: SagaCountRow = {
    pk: SAGAS,
    sk: saga,
    machine,
    asOf: now,
    running: running.count + unwinding.count,
    stuck: stuck.length,
    ...(oldest < now && { oldest }),
  };
  await putRow(ledger, row);
  report(environment, saga, stuck.length, (now - oldest) / 1000);
}

function report({ metrics }: Environment, saga: string, stuck: number, oldestSeconds: number): void {
  metrics.count(METRICS.sagaStuck(saga), stuck);
  metrics.count(METRICS.sagaOldest(saga), Math.floor(oldestSeconds));
}

/** How many executions run, and when the oldest was started. */
async function runningOf(
  stepFunctions: Sender<SFNClient>,
  stateMachineArn: string,
): Promise<{ readonly count: number; readonly oldest: number }> {
  let [count, oldest, nextToken] = [0, Number.POSITIVE_INFINITY, undefined as string | undefined];
  for (let page = 0; page < MOST_PAGES; page++) {
    const request = { stateMachineArn, statusFilter: 'RUNNING', maxResults: PAGE, nextToken } as const;
    const reply = await stepFunctions.send(new ListExecutionsCommand(request));
    for (const { startDate } of reply.executions ?? []) {
      count += 1;
      oldest = Math.min(oldest, startDate?.getTime() ?? oldest);
    }
    nextToken = reply.nextToken;
    if (!nextToken) break;
  }
  return { count, oldest };
}

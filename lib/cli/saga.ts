import { SFNClient } from '@aws-sdk/client-sfn';
import type { Command } from 'commander';
import type { Environment } from '../aws/environment.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { listSagas, readSaga, type SagaExecution } from '../saga/operate.ts';
import { decideStuck, type StuckStep } from '../saga/stuck.ts';
import { CLIENT_LIMITS } from './aws-access.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { addLedgerOptions, type LedgerOptions, resolveLedger } from './ledger-option.ts';
import { messageIdOf } from './message-id-argument.ts';
import { lengthOf } from './span-text.ts';

interface SagaOptions extends LedgerOptions {
  readonly step?: string;
  readonly retry?: boolean;
  readonly skip?: boolean;
  readonly json?: boolean;
}

/** Adds `waybill saga`: what runs and what is stuck, an execution step by step, and decisions about what is stuck. */
export function addSaga(program: Command, context: CommandContext): void {
  const saga = program
    .command('saga')
    .description('show an execution of a saga, step by step, or decide about a step of it that is stuck')
    .argument('<id>', 'the id of the message that started it')
    .option('--retry', 'the step that is stuck is told once more')
    .option('--skip', 'the step that is stuck is passed over, as if it were undone')
    .option('--step <name>', 'the step, where several are stuck')
    .option('--json', 'print one JSON object');
  addLedgerOptions(saga)
    .addHelpText(
      'after',
      `
A run that is stuck, since nobody knows what it has done outside, is told once more by --retry; by --skip, undoing begins.

Examples:
  $ waybill saga ls
  $ waybill saga 01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f
  $ waybill saga 01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f --retry`,
    )
    .action(async (id: string, options: SagaOptions) => {
      if (options.retry && options.skip) saga.error('error: give one of --retry and --skip');
      messageIdOf(id);
      const { environment } = await resolveLedger(options, context);
      await runSaga(environment, id, options, context);
    });
  const ls = saga
    .command('ls')
    .description('list the sagas of a ledger: how many executions run, and what is stuck')
    .option('--json', 'print one JSON object');
  addLedgerOptions(ls)
    .addHelpText('after', '\nExample:\n  $ waybill saga ls')
    // Options that both have are taken by the outer one, wherever they stand.
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<SagaOptions>();
      const { environment } = await resolveLedger(options, context);
      await runSagaLs(environment, options, context);
    });
}

/** Shows an execution, or decides about a step of it, and says which. */
export async function runSaga(
  environment: Environment,
  id: string,
  { retry, skip, step, json }: Omit<SagaOptions, keyof LedgerOptions>,
  context: CommandContext,
): Promise<void> {
  const execution = await readSaga(ledgerOf(environment), id);
  if (!(retry || skip)) return json ? printJson(context, execution) : show(execution, environment.now(), context);
  const decision = retry ? 'retry' : 'skip';
  const answering = environment.stepFunctions ? environment : answeringByAws(environment);
  const { saga } = execution;
  const decided = await decideStuck(id, decision, {
    saga,
    ...(step !== undefined && { step }),
    environment: answering,
  });
  if (json) return printJson(context, { decision, ...decided });
  print(
    context,
    `${stuckPart(decided)} of ${id}: ${decision === 'retry' ? 'it is told once more' : 'it is passed over'}.`,
  );
}

/** Lists what runs and what is stuck. */
export async function runSagaLs(
  environment: Environment,
  { json }: Pick<SagaOptions, 'json'>,
  context: CommandContext,
): Promise<void> {
  const sagas = await listSagas(ledgerOf(environment));
  if (json) return printJson(context, { sagas });
  if (sagas.length === 0) print(context, 'No saga has been counted yet: its keeper does so each minute.');
  const now = environment.now();
  for (const { saga, running, oldest, stuck, asOf } of sagas) {
    const since = oldest === undefined ? '' : `, the oldest since ${lengthOf(now - oldest)}`;
    print(
      context,
      `${saga}  ${running} running${since}, ${stuck.length} stuck (counted ${new Date(asOf).toISOString()})`,
    );
    for (const one of stuck) print(context, `  ${one.execution}  ${stuckLine(one, now)}`);
  }
}

function show(
  { execution, saga, state, started, steps, stuck, published }: SagaExecution,
  now: number,
  context: CommandContext,
): void {
  print(context, `${saga}  ${execution}  ${state}, started ${new Date(started).toISOString()}`);
  for (const { step, state: at, at: moment, code, reason } of steps) {
    const why = code === undefined ? '' : `: ${code}${reason ? `, ${reason}` : ''}`;
    print(context, `  ${step}  ${at} ${new Date(moment).toISOString()}${why}`);
  }
  for (const one of stuck) print(context, `  ! ${stuckLine(one, now)}`);
  if (stuck.length > 0) print(context, 'Decide by --retry or --skip.');
  if (published !== undefined) print(context, `  published ${published}`);
}

function stuckLine(stuck: StuckStep, now: number): string {
  const { code, reason, since } = stuck;
  return `${stuckPart(stuck)} is stuck since ${lengthOf(now - since)}: ${code}${reason ? `, ${reason}` : ''}`;
}

function stuckPart({ step, kind }: StuckStep): string {
  return kind === 'run' ? step : `the undoing of ${step}`;
}

function answeringByAws(environment: Environment): Environment {
  const client = new SFNClient(CLIENT_LIMITS);
  return { ...environment, stepFunctions: async () => client };
}

import type { Command } from 'commander';
import { DeployFailed, type DevEvent, develop, resolveEngine } from '../local/index.ts';
import { type AppOptions, addAppOptions, contextFor, printOutputs } from './app-options.ts';
import { colourOf } from './colour.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { DevStream } from './dev-stream.ts';
import { awaitInterruption, Interrupted } from './interruption.ts';
import { said } from './said.ts';
import { lengthOf } from './span-text.ts';

interface DevOptions extends AppOptions {
  readonly json?: boolean;
}

/** Adds `waybill dev`: an engine with the app of the working directory, kept as its files are. */
export function addDev(program: Command, context: CommandContext): void {
  const command = program
    .command('dev')
    .description('run the CDK app of this folder on an engine, and keep it as its files are, until Ctrl-C');
  addAppOptions(command)
    .option('--json', 'print one JSON object a line, of whatever happens')
    .addHelpText(
      'after',
      `
A saved handler runs within a second or two: its code is exchanged. A saved file of the stack has the app deployed anew.
What handlers log, which messages are committed and how each ends is printed as it happens. Ctrl-C ends all that it started;
an engine that was running before runs on.

Example:
  $ waybill dev`,
    )
    .action((options: DevOptions) => dev(options, context));
}

async function dev(options: DevOptions, context: CommandContext): Promise<void> {
  const { progress, environment } = context;
  const interruption = awaitInterruption();
  const { signal } = interruption;
  let engine: Awaited<ReturnType<typeof resolveEngine>> | undefined;
  try {
    engine = await resolveEngine({ environment, report: progress.step });
    // `resolveEngine` gives the real AWS to those alone who ask for it.
    if (engine.kind === 'aws') throw new DeployFailed('`waybill dev` works on an engine: unset what leads it to AWS');
    progress.done(`The engine runs at ${engine.endpoint}: \`AWS_ENDPOINT_URL=${engine.endpoint}\` lets others use it`);
    const stream = new DevStream(engine, options.json ?? false, context);
    await Promise.all([
      develop({
        target: engine,
        ...(options.app !== undefined && { app: options.app }),
        context: contextFor(engine, options),
        report: progress.step,
        detail: progress.count,
        signal,
        tell: (event) => {
          if (event.kind === 'deployed') stream.look();
          tell(event, options.json ?? false, context);
        },
      }),
      stream.run(signal),
    ]);
  } catch (error) {
    if (!(error instanceof Interrupted || signal.aborted)) throw error;
  } finally {
    if (engine?.owned) await engine.stop();
    if (signal.aborted) progress.done('Everything that was started here is ended');
    interruption.release();
  }
}

/** Says what has happened. */
function tell(event: DevEvent, json: boolean, context: CommandContext): void {
  const { progress } = context;
  if (json) {
    const { kind, ...facts } = event;
    printJson(context, { event: kind, ...('error' in facts ? { error: said(facts.error) } : facts) });
  } else if (event.kind === 'deployed') {
    progress.done(`Deployed in ${lengthOf(event.milliseconds)}; it is kept as its files are, until Ctrl-C`);
    printOutputs(context, event.outputs);
  } else if (event.kind === 'exchanged') {
    const live = `live after ${lengthOf(event.milliseconds)}: ${event.entries.join(', ')}`;
    print(context, colourOf(context, 'green', live));
  } else if (event.kind === 'redeploying') progress.step(`Deploying anew: ${event.files.join(', ')}`);
  else progress.fail(`error: ${said(event.error)}`);
}

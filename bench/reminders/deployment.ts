import { BINDINGS, tableBinding } from 'waybill';
import { deployApp, environmentFor, startEngine } from '../../lib/local/index.ts';
import { Arrivals } from './contract.ts';

export const STACK_NAME = 'Reminders';

/** The functions on a message's way, but for those that run by the clock. */
const FUNCTIONS = ['relay', 'forwarder', 'check-back', 'note-arrival'] as const;

const VARIABLES = [
  BINDINGS.ledger,
  BINDINGS.shards,
  BINDINGS.forwardQueueUrl,
  BINDINGS.checkBackQueueUrl,
  tableBinding(Arrivals.name),
];

/** What the stack's outputs are called: letters and digits only. */
export const OUTPUTS = {
  variable: (name: string) => name.replaceAll('_', ''),
  logs: (name: (typeof FUNCTIONS)[number]) => `${name.replaceAll('-', '')}Logs`,
};

/** Where everything of the deployed stack is. */
export interface Reminders {
  /** The bindings of the producer, and of whoever reads the arrivals. */
  readonly variables: Readonly<Record<string, string>>;
  /** The log groups of the functions on a message's way. */
  readonly logGroups: readonly string[];
}

/** Runs the benchmark on a fresh engine, which ends with it. The SDK of this process speaks to it meanwhile. */
export async function withReminders<Result>(run: (deployed: Reminders) => Promise<Result>): Promise<Result> {
  const report = (line: string) => process.stderr.write(`${line}\n`);
  const engine = await startEngine({ report });
  try {
    Object.assign(process.env, environmentFor(engine));
    const app = 'node --conditions=waybill-source bench/reminders/app.ts';
    const cwd = new URL('../..', import.meta.url).pathname;
    const { [STACK_NAME]: outputs = {} } = await deployApp({ target: engine, app, cwd, stacks: [STACK_NAME], report });
    const output = (name: string) => outputs[name] ?? '';
    return await run({
      variables: Object.fromEntries(VARIABLES.map((name) => [name, output(OUTPUTS.variable(name))])),
      logGroups: FUNCTIONS.map((name) => output(OUTPUTS.logs(name))),
    });
  } finally {
    await engine.stop();
  }
}

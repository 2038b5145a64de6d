import { BINDINGS, type SubscriberDefinition, tableBinding } from 'waybill';
import { deployApp, environmentFor, startEngine } from '../../lib/local/index.ts';
import { Books } from './contract.ts';

export const STACK_NAME = 'OrderedAccounts';

/** What the stack's outputs are called: letters and digits only. */
export const OUTPUTS = {
  variable: (name: string) => name.replaceAll('_', ''),
  queue: ({ name }: SubscriberDefinition) => `${name.replaceAll('-', '')}Queue`,
};
const VARIABLES = [BINDINGS.ledger, BINDINGS.shards, tableBinding(Books.name)];

/** Where everything of the deployed stack is. */
export interface Accounts {
  readonly ledger: string;
  /** The bindings of a producer, and of whoever reads the books. */
  readonly variables: Readonly<Record<string, string>>;
  queueUrl(subscriber: SubscriberDefinition): string;
}

/** Runs the benchmark on a fresh engine, which ends with it. The SDK of this process speaks to it meanwhile. */
export async function withAccounts<Result>(run: (deployed: Accounts) => Promise<Result>): Promise<Result> {
  const report = (line: string) => process.stderr.write(`${line}\n`);
  const engine = await startEngine({ report });
  try {
    Object.assign(process.env, environmentFor(engine));
    const app = 'node --conditions=waybill-source bench/order/app.ts';
    const cwd = new URL('../..', import.meta.url).pathname;
    const deployed = await deployApp({ target: engine, app, cwd, stacks: [STACK_NAME], report });
    const output = (name: string) => deployed[STACK_NAME]?.[name] ?? '';
    return await run({
      ledger: output(OUTPUTS.variable(BINDINGS.ledger)),
      variables: {
        ...Object.fromEntries(VARIABLES.map((name) => [name, output(OUTPUTS.variable(name))])),
        [BINDINGS.producer]: 'bank',
      },
      queueUrl: (subscriber) => output(OUTPUTS.queue(subscriber)),
    });
  } finally {
    await engine.stop();
  }
}

import { deployApp, environmentFor, startEngine } from '../../lib/local/index.ts';

export const STACK_NAME = 'OutageDrill';
/** What the CDK's context calls the provider's address. */
export const PROVIDER = 'provider';
export const OUTPUTS = { ledger: 'LedgerTable', shards: 'LedgerShards', deadLetters: 'DeadLetterQueue' };
/** For how long the circuit stays open at first. */
export const OPEN_MS = 10_000;

/** Where everything of the deployed stack is. */
export interface Deployed {
  readonly ledger: string;
  readonly shards: string;
  readonly deadLetterQueueUrl: string;
}

/** A CDK app whose only stack is drilled. */
export interface DrilledApp {
  /** In the repository. */
  readonly file: string;
  readonly stack: string;
}

/** Runs drills on a fresh engine, which ends with them. The SDK of this process speaks to it meanwhile. */
export async function withDrills<Result>(
  providerUrl: string,
  run: (deployed: Deployed) => Promise<Result>,
  { file, stack }: DrilledApp = { file: 'bench/outage/app.ts', stack: STACK_NAME },
): Promise<Result> {
  const report = (line: string) => process.stderr.write(`${line}\n`);
  const engine = await startEngine({ report });
  try {
    Object.assign(process.env, environmentFor(engine));
    const app = `node --conditions=waybill-source ${file}`;
    const cwd = new URL('../..', import.meta.url).pathname;
    const context = { [PROVIDER]: providerUrl };
    const deployed = await deployApp({ target: engine, app, cwd, context, stacks: [stack], report });
    const outputs = deployed[stack] ?? {};
    return await run({
      ledger: outputs[OUTPUTS.ledger] ?? '',
      shards: outputs[OUTPUTS.shards] ?? '',
      deadLetterQueueUrl: outputs[OUTPUTS.deadLetters] ?? '',
    });
  } finally {
    await engine.stop();
  }
}

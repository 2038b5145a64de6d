import { setTimeout as sleep } from 'node:timers/promises';
import { WaybillError } from '../../contract/errors.ts';
import { DYNAMODB_LOCAL, LOCALSTACK, type RunningEngine, startIndependentEngine } from '../engines/index.ts';
import { type KeeperLine, type LocalStackState, removeLocalStackState, writeLocalStackState } from './state.ts';

/**
 * A program: starts LocalStack and DynamoDB Local, tells whoever started it how that goes, a line of JSON a step, and keeps
 * them until it is told to end. Until they answer it ends with whoever started it.
 */
const [stateFolder = ''] = process.argv.slice(2);
const engines: RunningEngine[] = [];
let isReady = false;

const tell = (line: KeeperLine) => void process.stdout.write(`${JSON.stringify(line)}\n`);

async function end(exitCode: number): Promise<never> {
  removeLocalStackState(stateFolder, process.pid);
  await Promise.allSettled(engines.map((engine) => engine.stop()));
  process.exit(exitCode);
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void end(0));
process.stdin.on('end', () => (isReady ? undefined : void end(1))).resume();
// Nobody listens any more once it is ready.
process.stdout.on('error', () => undefined);

try {
  for (const engine of [LOCALSTACK, DYNAMODB_LOCAL]) {
    engines.push(await startIndependentEngine(engine, { stateFolder, report: (step) => tell({ step }) }));
  }
  const [localstack, dynamodb] = engines as [RunningEngine, RunningEngine];
  const state: LocalStackState = {
    pid: process.pid,
    endpoint: localstack.endpoint,
    dynamodbEndpoint: dynamodb.endpoint,
    version: `LocalStack ${localstack.version}, DynamoDB Local ${dynamodb.version}`,
    startedAt: new Date().toISOString(),
    logFiles: engines.map(({ logFile }) => logFile),
  };
  writeLocalStackState(stateFolder, state);
  isReady = true;
  tell({ ready: state });
} catch (error) {
  const code = error instanceof WaybillError ? error.code : undefined;
  tell({ failed: { message: error instanceof Error ? error.message : String(error), ...(code && { code }) } });
  await end(1);
}

for (;;) await sleep(2 ** 30);

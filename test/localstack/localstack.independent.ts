import { afterAll, describe, expect, test } from 'vitest';
import {
  DYNAMODB_LOCAL,
  LOCALSTACK,
  type RunningEngine,
  startIndependentEngine,
} from '../../lib/local/engines/index.ts';
import { EngineInstallFailed, EngineUnavailable } from '../../lib/local/errors.ts';
import { testCorePath } from './core-path.ts';
import { runExample } from './run-example.ts';

const running: RunningEngine[] = [];
const report = (line: string) => console.error(line);

/** Starts both; where this machine cannot run or fetch one, says why. */
async function startBoth(): Promise<string | undefined> {
  for (const engine of [LOCALSTACK, DYNAMODB_LOCAL]) {
    try {
      running.push(await startIndependentEngine(engine, { report }));
    } catch (error) {
      if (error instanceof EngineUnavailable || error instanceof EngineInstallFailed) {
        report(`Left out: ${error.message}`);
        return error.message;
      }
      throw error;
    }
  }
  return undefined;
}

const lacking = await startBoth();

describe('on LocalStack and DynamoDB Local, with handlers in this process', () => {
  afterAll(() => Promise.all(running.map((engine) => engine.stop())));
  if (lacking !== undefined) {
    test.skip('the core path');
    test('is left out, and it is said why', () => expect(lacking).toMatch(/LocalStack|DynamoDB Local/));
    return;
  }
  test('the example passes', async () => {
    const [localstack, dynamodb] = running;
    const { exitCode, output } = await runExample({
      AWS_ENDPOINT_URL: localstack?.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb?.endpoint,
    });
    expect(output).toContain('# pass 2');
    expect(exitCode).toBe(0);
  });
  testCorePath(async () => {
    const [localstack, dynamodb] = running;
    return { endpoint: localstack?.endpoint, dynamodbEndpoint: dynamodb?.endpoint, region: 'us-east-1' };
  });
});

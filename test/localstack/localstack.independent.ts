import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { run } from '../../lib/cli/index.ts';
import { groupIsAlive, isAlive } from '../../lib/local/processes.ts';
import { capturedContext } from '../cli/captured-context.ts';
import { testCorePath } from './core-path.ts';
import { runExample } from './run-example.ts';

interface Engines {
  readonly endpoint: string;
  readonly dynamodbEndpoint: string;
  readonly pid: number;
}

// The commands' own default is read from the process.
process.env.WAYBILL_STATE_FOLDER = mkdtempSync(join(tmpdir(), 'waybill-localstack-'));

const up = await waybill('up', '--engine', 'localstack', '--json');
const isLacking = up.exitCode !== 0 && /needs (?:Java|Python)|could not be fetched/.test(up.stderr);
// CI has what they need.
if (up.exitCode !== 0 && (!isLacking || process.env.CI)) throw new Error(up.stderr);

if (isLacking) {
  test('what is left out says why', ({ skip }) => {
    console.error(`Left out: ${up.stderr}`);
    skip(up.stderr);
  });
}

describe.skipIf(isLacking)('on LocalStack and DynamoDB Local, with handlers in this process', () => {
  const engines = isLacking ? ({} as Engines) : (JSON.parse(up.stdout) as Engines);
  const { endpoint, dynamodbEndpoint, pid } = engines;

  afterAll(async () => {
    const { exitCode, stdout } = await waybill('down', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ stopped: true, localstack: endpoint });
    expect(isAlive(pid) || groupIsAlive(pid)).toBe(false);
  });

  test('`up` starts both for others, and says what they cannot do', () => {
    expect(up.stderr).toContain('no Lambda');
    expect(engines).toMatchObject({
      alreadyRunning: false,
      env: { AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_DYNAMODB: dynamodbEndpoint },
    });
  });

  test('a second `up` finds them', async () => {
    const { exitCode, stdout, stderr } = await waybill('up', '--engine', 'localstack');
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`export AWS_ENDPOINT_URL_DYNAMODB=${dynamodbEndpoint}\n`);
    expect(stderr).toContain(`already run at ${endpoint}`);
  });

  test('the example passes', async () => {
    const variables = { AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_DYNAMODB: dynamodbEndpoint };
    const { exitCode, output } = await runExample(variables);
    expect(output).toContain('# pass 2');
    expect(exitCode).toBe(0);
  });

  testCorePath(async () => ({ endpoint, dynamodbEndpoint, region: 'us-east-1' }));
});

async function waybill(...parameters: string[]) {
  const context = capturedContext(process.env);
  const exitCode = await run(parameters, context);
  return { exitCode, stdout: context.stdout(), stderr: context.stderr() };
}

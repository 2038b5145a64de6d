import { expect, onTestFinished, test } from 'vitest';
import { run } from '../../lib/cli/index.ts';
import { stopLocalStack } from '../../lib/local/index.ts';
import { groupIsAlive, isAlive } from '../../lib/local/processes.ts';
import { capturedContext } from '../cli/captured-context.ts';
import { temporaryFolder } from '../local/fake-program.ts';

test('up starts LocalStack and DynamoDB Local for others, a second up finds them, and down ends them', async (context) => {
  const folder = temporaryFolder();
  // The commands' own default is read from the process.
  const before = process.env.WAYBILL_STATE_FOLDER;
  process.env.WAYBILL_STATE_FOLDER = folder;
  onTestFinished(async () => {
    await stopLocalStack(folder);
    if (before === undefined) delete process.env.WAYBILL_STATE_FOLDER;
    else process.env.WAYBILL_STATE_FOLDER = before;
  });
  const first = capturedContext(process.env);
  const exitCode = await run(['up', '--engine', 'localstack', '--json'], first);
  const lacks = /needs (?:Java|Python)|could not be fetched/.test(first.stderr());
  context.skip(exitCode !== 0 && lacks, `left out: ${first.stderr()}`);
  expect(first.stderr()).toContain('no Lambda');
  const started = JSON.parse(first.stdout());
  expect(started).toMatchObject({
    alreadyRunning: false,
    env: { AWS_ENDPOINT_URL: started.endpoint, AWS_ENDPOINT_URL_DYNAMODB: started.dynamodbEndpoint },
  });

  const second = capturedContext(process.env);
  expect(await run(['up', '--engine', 'localstack'], second)).toBe(0);
  expect(second.stdout()).toContain(`export AWS_ENDPOINT_URL_DYNAMODB=${started.dynamodbEndpoint}\n`);
  expect(second.stderr()).toContain(`already run at ${started.endpoint}`);

  const down = capturedContext(process.env);
  expect(await run(['down', '--json'], down)).toBe(0);
  expect(JSON.parse(down.stdout())).toMatchObject({ stopped: true, localstack: started.endpoint });
  expect(isAlive(started.pid) || groupIsAlive(started.pid)).toBe(false);
});

import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { run } from '../../lib/cli/index.ts';
import { freePort } from '../../lib/local/port.ts';
import { temporaryFolder } from '../local/fake-program.ts';
import { capturedContext } from './captured-context.ts';
import { deployed } from './deployed-ledgers.ts';

const ID = '01992f4e-7c3a-7b5d-9e21-3f60c1d84a2f';
const CREDENTIALS = 'aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = secret';

beforeEach(() => {
  const before = { ...process.env };
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  });
});

/** A shell whose AWS SDKs know what this file says, and nothing else; its machine's metadata service is silent. */
async function shell(config: string): Promise<void> {
  const file = join(temporaryFolder(), 'config');
  writeFileSync(file, config);
  vi.stubEnv('AWS_CONFIG_FILE', file);
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', file);
  vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', await silent());
}

/** Somebody who takes connections and never answers. */
async function silent(): Promise<string> {
  const server = createServer(() => undefined);
  onTestFinished(() => void server.close());
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as { port: number }).port}`));
  });
}

async function waybill(...parameters: string[]) {
  const context = capturedContext({ ...process.env });
  const exitCode = await run(parameters, context);
  return { exitCode, stdout: context.stdout(), stderr: context.stderr() };
}

test('--aws in a shell without a region and credentials says that both are missing', async () => {
  await shell('');
  const { exitCode, stderr } = await waybill('reconcile', '--aws');
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^error: AWS cannot be asked\. This shell has no region \(.+\): set AWS_REGION, .*\n$/);
  expect(stderr).toMatch(/ It has no credentials \(.+\): set AWS_PROFILE .*\n$/);
});

test('--aws with a region alone says that credentials are missing', async () => {
  await shell('[default]\nregion = eu-north-1');
  const { stderr } = await waybill('reconcile', '--aws', '--ledger', 'Shop');
  expect(stderr).toMatch(/^error: AWS cannot be asked\. This shell has no credentials \(.+\): [^\n]*\n$/);
});

test.each([
  ['reconcile', '--ledger', 'Shop'],
  ['trace', ID],
  ['radar'],
  ['ls'],
  ['logs'],
  ['cancel', ID],
  ['reschedule', ID, '--delay', '1m'],
  ['half', ID],
])('%s --aws where AWS cannot be reached says so', async (...command) => {
  await shell(`[default]\nregion = eu-north-1\n${CREDENTIALS}\nendpoint_url = http://127.0.0.1:${await freePort()}`);
  const { exitCode, stdout, stderr } = await waybill(...command, '--aws');
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toMatch(
    /^error: (?:Lambda|DynamoDB) at AWS in eu-north-1 does not answer \(connect ECONNREFUSED .*\n$/,
  );
});

test('--region and --profile name the real AWS, and win over what the shell exports', async () => {
  const profile = (name: string, region: string) => `[${name}]\nregion = ${region}\n${CREDENTIALS}`;
  const nowhere = `endpoint_url = http://127.0.0.1:${await freePort()}`;
  await shell(`${profile('default', 'eu-north-1')}\n${nowhere}\n${profile('profile team', 'eu-west-3')}\n${nowhere}`);
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAOTHER');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'other');
  expect((await waybill('ls', '--profile', 'team')).stderr).toContain(' at AWS in eu-west-3 does not answer ');
  expect(process.env).not.toHaveProperty('AWS_ACCESS_KEY_ID');
  expect((await waybill('ls', '--region', 'ap-south-1')).stderr).toContain(' at AWS in ap-south-1 does not answer ');
  const unknown = await waybill('ls', '--profile', 'temp', '--region', 'eu-west-1');
  expect(unknown.stderr).toMatch(
    /^error: AWS cannot be asked\. With the profile 'temp', this shell has no credentials \(.+\n$/,
  );
});

test('--aws in a shell that `waybill up` has set up does not take the engine for an account', async () => {
  await shell(`[default]\nregion = eu-north-1\n${CREDENTIALS}\nendpoint_url = http://127.0.0.1:${await freePort()}`);
  const exported = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
  for (const [name, value] of Object.entries(exported)) vi.stubEnv(name, value);
  vi.stubEnv('WAYBILL_UP_ENDPOINT', 'http://127.0.0.1:1');
  expect((await waybill('ls', '--aws')).stderr).toContain(' at AWS in eu-north-1 does not answer ');
  expect(process.env).not.toHaveProperty('AWS_ACCESS_KEY_ID');
});

test('a region that is none is wrong usage', async () => {
  const { exitCode, stderr } = await waybill('ls', '--region', 'Frankfurt');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('It is the name of a region, such as eu-central-1.');
});

test('--aws where somebody takes the connection and is silent ends within seconds', async () => {
  await shell(`[default]\nregion = eu-north-1\n${CREDENTIALS}\nendpoint_url = ${await silent()}`);
  const { exitCode, stderr } = await waybill('reconcile', '--aws', '--ledger', 'Shop');
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^error: DynamoDB at AWS in eu-north-1 does not answer \(no answer came in 4 s\): .*\n$/);
});

test('credentials that AWS refuses are called so', async () => {
  const refused = 'UnrecognizedClientException';
  vi.stubEnv('AWS_ENDPOINT_URL', await deployed({ functions: [], tables: { Shop: refused } }));
  const { stderr } = await waybill('reconcile', '--ledger', 'Shop');
  expect(stderr).toMatch(/^error: DynamoDB at http.* refuses the credentials of this shell: UnrecognizedClient.*\n$/);
});

test('an engine without one of its services is called by that service, with a cause', async () => {
  vi.stubEnv('AWS_ENDPOINT_URL', await deployed({ functions: [{ WAYBILL_LEDGER: 'Shop' }], tables: {} }));
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', `http://localhost:${await freePort()}`);
  const { stderr } = await waybill('reconcile');
  expect(stderr).toMatch(
    /^error: DynamoDB at http.* does not answer \(connect ECONNREFUSED .+\): check AWS_ENDPOINT_URL_DYNAMODB, [^\n]*\n$/,
  );
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { run } from '../../lib/cli/index.ts';
import { freePort } from '../../lib/local/port.ts';
import { temporaryFolder } from '../local/fake-program.ts';
import { capturedContext } from './captured-context.ts';

async function waybill(parameters: string[], environment: NodeJS.ProcessEnv = {}) {
  const context = capturedContext(environment);
  const exitCode = await run(parameters, context);
  return { exitCode, stdout: context.stdout(), stderr: context.stderr() };
}

/** A state folder that no other engine uses. */
function ownState(): void {
  vi.stubEnv('WAYBILL_STATE_FOLDER', temporaryFolder());
  onTestFinished(() => void vi.unstubAllEnvs());
}

test.each(['--help', '-h', 'help'])('%s lists the commands with examples, on stdout', async (asked) => {
  const { exitCode, stdout, stderr } = await waybill([asked]);
  expect(exitCode).toBe(0);
  for (const part of ['up ', 'down ', 'status ', 'Examples:', '$ waybill up', 'AWS_ENDPOINT_URL'])
    expect(stdout).toContain(part);
  expect(stderr).toBe('');
});

test.each(['up', 'down', 'status'])('%s -h says what it does', async (command) => {
  const { exitCode, stdout } = await waybill([command, '-h']);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('--json');
});

test('--version prints the version of the package', async () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  await expect(waybill(['--version'])).resolves.toEqual({ exitCode: 0, stdout: `${manifest.version}\n`, stderr: '' });
});

test.each([
  [['fly'], "unknown command 'fly'"],
  [['upp'], '(Did you mean up?)'],
  [['up', '--fast'], "unknown option '--fast'"],
  [['up', 'now'], "too many arguments for 'up'"],
  [['up', '--port', 'x'], "option '--port <number>' argument 'x' is invalid. It is a number from 1 to 65535."],
  [['up', '--port', '70000'], 'It is a number from 1 to 65535.'],
  [['deploy', '--context', 'stage'], 'It is a key and a value: stage=test.'],
  [['dev', 'now'], "too many arguments for 'dev'"],
  [[], 'Usage: waybill'],
])('%o is wrong usage: exit code 2 and a sentence on stderr', async (parameters, sentence) => {
  const { exitCode, stdout, stderr } = await waybill(parameters);
  expect(exitCode).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(sentence);
});

test('status without an engine says so and exits with 1', async () => {
  ownState();
  await expect(waybill(['status'])).resolves.toMatchObject({
    exitCode: 1,
    stdout: 'No engine runs: `waybill up` starts one.\n',
  });
  await expect(waybill(['status', '--json'])).resolves.toMatchObject({ exitCode: 1, stdout: '{"running":false}\n' });
});

test('down without an engine has nothing to do', async () => {
  ownState();
  const { exitCode, stdout } = await waybill(['down', '--json']);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ stopped: false });
});

test.each(['up', 'status'])(
  '%s with an AWS_ENDPOINT_URL where nothing answers fails with one sentence',
  async (command) => {
    ownState();
    const environment = { AWS_ENDPOINT_URL: `http://127.0.0.1:${await freePort()}` };
    const { exitCode, stdout, stderr } = await waybill([command], environment);
    expect(exitCode).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error: AWS_ENDPOINT_URL is .*, and nothing answers there: [^\n]*\n$/);
  },
);

test('WAYBILL_DEBUG=1 adds the stack trace', async () => {
  ownState();
  const { stderr } = await waybill(['status'], { AWS_ENDPOINT_URL: 'nonsense', WAYBILL_DEBUG: '1' });
  expect(stderr).toContain('EndpointSilent');
  expect(stderr).toMatch(/\n\s+at /);
});

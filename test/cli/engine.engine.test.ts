import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { answers } from '../../lib/local/health.ts';
import { freePort } from '../../lib/local/port.ts';
import { groupIsAlive } from '../../lib/local/processes.ts';
import { sharedEngine } from '../../lib/local/shared.ts';
import { temporaryFolder } from '../local/fake-program.ts';
import { processesNaming } from '../local/processes-naming.ts';

const root = join(import.meta.dirname, '..', '..');

interface Shell {
  readonly folder: string;
  /** Starts `waybill` in a process of its own, with an engine of this test's own. */
  start(parameters: string[], environment?: NodeJS.ProcessEnv): ChildProcess;
  /** Runs it to its end. */
  waybill(
    parameters: string[],
    environment?: NodeJS.ProcessEnv,
  ): Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
}

function shell(): Shell {
  const folder = temporaryFolder();
  onTestFinished(async () => void (await sharedEngine.stop(folder)));
  const start: Shell['start'] = (parameters, environment = {}) =>
    spawn(process.execPath, ['--conditions=waybill-source', join(root, 'bin', 'waybill.ts'), ...parameters], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: process.env.HOME, WAYBILL_STATE_FOLDER: folder, ...environment },
    });
  return {
    folder,
    start,
    async waybill(parameters, environment) {
      const child = start(parameters, environment);
      let stdout = '';
      let stderr = '';
      child.stdout?.on('data', (chunk) => (stdout += chunk));
      child.stderr?.on('data', (chunk) => (stderr += chunk));
      const [exitCode] = (await once(child, 'close')) as [number | null];
      return { exitCode, stdout, stderr };
    },
  };
}

function exported(stdout: string): Record<string, string> {
  return Object.fromEntries([...stdout.matchAll(/^export (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]));
}

test('up starts an engine that outlives it, status finds it, a second up finds it too, down ends it', async () => {
  const { waybill } = shell();
  const up = await waybill(['up']);
  expect(up.exitCode).toBe(0);
  const variables = exported(up.stdout);
  const endpoint = variables.AWS_ENDPOINT_URL ?? '';
  expect(variables).toMatchObject({
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
  });
  expect(
    up.stdout
      .split('\n')
      .filter(Boolean)
      .every((line) => line.startsWith('export ')),
  ).toBe(true);
  expect(await answers(endpoint)).toBe(true);

  const status = await waybill(['status', '--json']);
  expect(status).toMatchObject({ exitCode: 0, stderr: '' });
  const described = JSON.parse(status.stdout) as { running: boolean; endpoint: string; pid: number };
  expect(described).toMatchObject({ running: true, kind: 'embedded', endpoint });

  const again = await waybill(['up', '--json']);
  expect(again.stderr).toContain(`already runs at ${endpoint}`);
  expect(JSON.parse(again.stdout)).toMatchObject({ alreadyRunning: true, endpoint });

  const inExportingShell = await waybill(['status'], variables);
  expect(inExportingShell.stdout).toContain(`The embedded engine runs at ${endpoint}`);

  const down = await waybill(['down', '--json'], variables);
  expect(JSON.parse(down.stdout)).toEqual({ stopped: true, endpoint });
  expect(groupIsAlive(described.pid)).toBe(false);
  expect((await waybill(['status'])).exitCode).toBe(1);
});

test('up, down and up again in one shell leave an engine that this shell uses', async () => {
  const { waybill } = shell();
  const first = exported((await waybill(['up'])).stdout);
  await waybill(['down'], first);
  const left = { ...first, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1', AWS_PROFILE: 'team' };
  const again = await waybill(['up'], left);
  expect(again.stdout.split('\n')[0]).toBe('unset AWS_ENDPOINT_URL_DYNAMODB AWS_PROFILE');
  const second = exported(again.stdout);
  expect(await answers(second.AWS_ENDPOINT_URL ?? '')).toBe(true);
  const status = await waybill(['status', '--json'], { ...first, ...second });
  expect(JSON.parse(status.stdout)).toMatchObject({ running: true, endpoint: second.AWS_ENDPOINT_URL });
});

test('two ups at once start one engine', async () => {
  const { waybill } = shell();
  const both = await Promise.all([waybill(['up', '--json']), waybill(['up', '--json'])]);
  const [one, two] = both.map(({ stdout }) => JSON.parse(stdout) as { endpoint: string; alreadyRunning: boolean });
  expect(one?.endpoint).toBe(two?.endpoint);
  expect([one?.alreadyRunning, two?.alreadyRunning].sort()).toEqual([false, true]);
});

test('up --port uses that port, and another port than the running engine’s is refused', async () => {
  const { waybill } = shell();
  const port = await freePort();
  const up = await waybill(['up', '--port', String(port), '--json']);
  expect(JSON.parse(up.stdout)).toMatchObject({ endpoint: `http://127.0.0.1:${port}` });
  const other = await waybill(['up', '--port', String(port === 65_535 ? 65_534 : port + 1)]);
  expect(other).toMatchObject({ exitCode: 1, stdout: '' });
  expect(other.stderr).toContain(`already runs at http://127.0.0.1:${port}, not on port`);
  const elsewhere = shell();
  const taken = await elsewhere.waybill(['up', '--port', String(port)]);
  expect(taken).toMatchObject({ exitCode: 1, stdout: '' });
  expect(taken.stderr).toMatch(new RegExp(`^error: Port ${port} of 127\\.0\\.0\\.1 is taken: [^\\n]*\\n$`));
});

test.each(['SIGINT', 'SIGKILL'] as const)(
  'up that is ended by %s before it is done leaves no engine',
  async (signal) => {
    const { start, folder } = shell();
    const child = start(['up']);
    const logs = join(folder, 'logs');
    await expect.poll(() => existsSync(logs) && readdirSync(logs).length, { timeout: 30_000, interval: 5 }).toBe(1);
    child.kill(signal);
    await once(child, 'close');
    const id = readdirSync(logs)[0]?.replace('.log', '') ?? '';
    expect(existsSync(join(folder, 'engine.json'))).toBe(false);
    await expect.poll(() => processesNaming(id), { timeout: 30_000 }).toEqual([]);
  },
);

test('up without Python says what to install, in one sentence', async () => {
  const { waybill, folder } = shell();
  // Outside the repository's own environment, so that there is something to install.
  const { exitCode, stdout, stderr } = await waybill(['up'], {
    PATH: folder,
    WAYBILL_ENGINE_FOLDER: join(folder, 'engine'),
  });
  expect(exitCode).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^error: The embedded engine needs Python 3\.10 or newer [^\n]*install it from [^\n]*\n$/);
});

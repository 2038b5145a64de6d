import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { expect, onTestFinished, test } from 'vitest';
import { type EngineOptions, type StartedEngine, startEngine } from '../../lib/local/engine.ts';
import { EngineStartFailed, PortTaken, PythonMissing } from '../../lib/local/errors.ts';
import { answers } from '../../lib/local/health.ts';
import { freePort } from '../../lib/local/port.ts';
import { groupIsAlive, isAlive } from '../../lib/local/processes.ts';
import { temporaryFolder } from './fake-program.ts';
import { deployFunction } from './inline-function.ts';
import { processesNaming } from './processes-naming.ts';

async function start(options: EngineOptions = {}): Promise<StartedEngine> {
  const engine = await startEngine({ stateFolder: temporaryFolder(), ...options });
  onTestFinished(() => engine.stop());
  return engine;
}

function dynamodb(engine: StartedEngine): DynamoDBClient {
  const client = new DynamoDBClient({
    endpoint: engine.endpoint,
    region: engine.region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  onTestFinished(() => client.destroy());
  return client;
}

async function createTable(engine: StartedEngine, name: string): Promise<void> {
  await dynamodb(engine).send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  );
}

async function tables(engine: StartedEngine): Promise<string[] | undefined> {
  return (await dynamodb(engine).send(new ListTablesCommand())).TableNames;
}

test('an engine answers on the loopback interface and on no other', async () => {
  const engine = await start();
  expect(await answers(engine.endpoint)).toBe(true);
  const { port } = new URL(engine.endpoint);
  const others = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal);
  for (const { address } of others) expect(await answers(`http://${address}:${port}`, 1000)).toBe(false);
});

test('a stopped engine leaves no process behind, not even a Lambda worker in the middle of its work, and no files', async () => {
  const engine = await start();
  const mark = join(temporaryFolder(), 'worker');
  const invoke = await deployFunction(
    engine,
    `process.on('SIGTERM', () => {});
     exports.handler = async ({ mark }) => {
       require('node:fs').writeFileSync(mark, JSON.stringify({ pid: process.pid, folder: __dirname }));
       await new Promise((resolve) => setTimeout(resolve, 60_000));
     };`,
    60,
  );
  invoke({ mark }).catch(() => undefined);
  await expect.poll(() => existsSync(mark), { timeout: 30_000 }).toBe(true);
  const worker = JSON.parse(readFileSync(mark, 'utf8')) as { pid: number; folder: string };
  expect(isAlive(worker.pid)).toBe(true);
  expect(existsSync(worker.folder)).toBe(true);
  await engine.stop();
  expect(groupIsAlive(engine.pid)).toBe(false);
  expect(isAlive(worker.pid)).toBe(false);
  expect(existsSync(worker.folder)).toBe(false);
  expect(existsSync(engine.state.runFolder)).toBe(false);
  expect(await answers(engine.endpoint, 1000)).toBe(false);
  await expect(engine.stop()).resolves.toBeUndefined();
});

test('two engines at once have ports, logs and tables of their own', async () => {
  const [one, two] = await Promise.all([start(), start()]);
  expect(one.endpoint).not.toBe(two.endpoint);
  expect(one.logFile).not.toBe(two.logFile);
  await createTable(one, 'of-one');
  expect(await tables(one)).toEqual(['of-one']);
  expect(await tables(two)).toEqual([]);
  await one.stop();
  expect(await answers(two.endpoint)).toBe(true);
});

test('the port that is asked for is used, and refused when it is taken', async () => {
  const port = await freePort();
  const engine = await start({ port });
  expect(engine.endpoint).toBe(`http://127.0.0.1:${port}`);
  await expect(start({ port })).rejects.toThrow(PortTaken);
});

test('a handler runs on Node 24 and sees neither this user’s settings nor this repository’s packages', async () => {
  process.env.WAYBILL_TEST_SECRET = 'secret';
  onTestFinished(() => void delete process.env.WAYBILL_TEST_SECRET);
  const engine = await start({ env: { EXTRA: 'passed on' } });
  const invoke = await deployFunction(
    engine,
    `exports.handler = async () => {
       let zod = false;
       try { require('zod'); zod = true; } catch {}
       return { node: process.version, home: process.env.HOME, names: Object.keys(process.env), extra: process.env.EXTRA, zod, zone: process.env.TZ };
     };`,
  );
  const seen = (await invoke({})) as {
    node: string;
    home: string;
    names: string[];
    extra: string;
    zod: boolean;
    zone: string;
  };
  expect(seen.node).toMatch(/^v24\./);
  expect(seen.names).not.toContain('WAYBILL_TEST_SECRET');
  expect(seen.home).toBe(engine.state.runFolder);
  expect(seen).toMatchObject({ extra: 'passed on', zod: false, zone: 'UTC' });
});

test('without Python and Docker the error says what to do', async () => {
  const folder = temporaryFolder();
  const attempt = startEngine({
    stateFolder: folder,
    installFolder: join(folder, 'environment'),
    environment: { PATH: folder },
  });
  await expect(attempt).rejects.toThrow(PythonMissing);
  await expect(attempt).rejects.toThrow('install it from https://www.python.org');
});

test('an engine that fails while it starts gives the end of its log', async () => {
  const attempt = startEngine({ stateFolder: temporaryFolder(), env: { GATEWAY_PORT: 'many' } });
  await expect(attempt).rejects.toThrow(EngineStartFailed);
  await expect(attempt).rejects.toThrow(/ended while it started.*\n[\s\S]*invalid literal for int/);
});

test('an engine that does not answer in time is ended', async () => {
  const folder = temporaryFolder();
  const attempt = startEngine({ stateFolder: folder, timeoutMs: 1 });
  await expect(attempt).rejects.toThrow('did not answer within 0.001 s');
  const logs = readdirSync(join(folder, 'logs'));
  expect(logs).toHaveLength(1);
  await expect.poll(() => processesNaming(logs[0]?.replace('.log', '') ?? '')).toEqual([]);
});

test('what an engine saved is there when it starts again', async () => {
  const persist = temporaryFolder();
  const first = await start({ persist });
  await createTable(first, 'kept');
  await first.stop();
  const second = await start({ persist });
  expect(await tables(second)).toEqual(['kept']);
});

test('with auth, credentials that the engine does not know are refused', async () => {
  const engine = await start({ auth: true });
  expect(await tables(engine)).toEqual([]);
  const stranger = new DynamoDBClient({
    endpoint: engine.endpoint,
    region: engine.region,
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wrong' },
  });
  onTestFinished(() => stranger.destroy());
  await expect(stranger.send(new ListTablesCommand())).rejects.toThrow();
});

const holder = join(import.meta.dirname, 'programs', 'hold-engine.ts');

/** A process that holds an engine, once the engine runs. */
async function holdEngine(what: string): Promise<{ child: ChildProcess; pid: number; endpoint: string }> {
  const child = spawn(process.execPath, ['--conditions=waybill-source', holder, what, temporaryFolder()], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for await (const chunk of child.stdout ?? []) {
    output += chunk;
    if (output.includes('\n')) break;
  }
  const { pid, endpoint } = JSON.parse(output) as { pid: number; endpoint: string };
  onTestFinished(() => {
    if (groupIsAlive(pid)) process.kill(-pid, 'SIGKILL');
  });
  return { child, pid, endpoint };
}

test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
  'the engine ends with the process that holds it, by %s',
  async (signal) => {
    const { child, pid, endpoint } = await holdEngine('wait');
    expect(await answers(endpoint)).toBe(true);
    child.kill(signal);
    await expect.poll(() => groupIsAlive(pid), { timeout: 30_000 }).toBe(false);
    expect(await answers(endpoint, 1000)).toBe(false);
  },
);

test.each(['throw', 'exit', 'nothing'])(
  'the engine ends with the process that holds it, by its own end (%s)',
  async (what) => {
    const { child, pid } = await holdEngine(what);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    await expect.poll(() => groupIsAlive(pid), { timeout: 30_000 }).toBe(false);
  },
);

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { DYNAMODB_LOCAL } from '../../lib/local/engines/dynamodb-local.ts';
import type { EngineProgram } from '../../lib/local/engines/engine-program.ts';
import { javaVersion } from '../../lib/local/engines/java.ts';
import { LOCALSTACK } from '../../lib/local/engines/localstack.ts';
import { EngineInstallFailed, EngineStartFailed, EngineUnavailable } from '../../lib/local/errors.ts';
import { answers } from '../../lib/local/health.ts';
import { groupIsAlive, isAlive } from '../../lib/local/processes.ts';
import { temporaryFolder } from './fake-program.ts';
import { FAILING, JAVA_17, startWith } from './start-with.ts';

/** Answers every request, in a child of its own group's leader. */
const server = `
require('node:http').createServer((_, reply) => reply.end('yes')).listen(Number(process.argv[2]), '127.0.0.1');
`;

function engineThatRuns(program: string): EngineProgram {
  return {
    name: 'fake',
    title: 'Fake',
    version: '1',
    async prepare({ runFolder, port }) {
      const file = join(runFolder, 'server.cjs');
      writeFileSync(file, program);
      return { program: process.execPath, parameters: [file, String(port)] };
    },
  };
}

test('an engine answers once it is started, and is gone once it is stopped', async () => {
  const { state, stop } = await startWith(engineThatRuns(server));
  expect(await answers(state.endpoint)).toBe(true);
  expect(new URL(state.endpoint).hostname).toBe('127.0.0.1');
  await stop();
  expect(await answers(state.endpoint)).toBe(false);
  expect(groupIsAlive(state.pid)).toBe(false);
  expect(existsSync(state.runFolder)).toBe(false);
});

/** Starts an engine in a process of its own, which then lives on. */
async function startInProcess(then = ''): Promise<{ child: ChildProcess; pid: number; endpoint: string }> {
  const folder = temporaryFolder();
  const program = join(folder, 'start.ts');
  const servers = new URL('../../lib/local/server.ts', import.meta.url);
  writeFileSync(
    program,
    `import { startServer } from ${JSON.stringify(servers.href)};
const { state, release } = await startServer(
  {
    name: 'fake', title: 'Fake', version: '1',
    prepare: async ({ port, runFolder }) => ({
      program: process.execPath,
      parameters: ['-e', ${JSON.stringify(server)}, '--', 'server', String(port)],
    }),
  },
  { engineFolder: ${JSON.stringify(folder)}, stateFolder: ${JSON.stringify(folder)} },
);
${then}
console.log(JSON.stringify(state));
setInterval(() => undefined, 1000);
`,
  );
  const child: ChildProcess = spawn(process.execPath, ['--conditions=waybill-source', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  const { pid, endpoint } = JSON.parse(line.toString()) as { pid: number; endpoint: string };
  onTestFinished(() => {
    if (groupIsAlive(pid)) process.kill(-pid, 'SIGKILL');
  });
  return { child, pid, endpoint };
}

test('an engine ends with the process that started it, however that ends', async () => {
  const { child, pid, endpoint } = await startInProcess();
  expect(await answers(endpoint)).toBe(true);
  child.kill('SIGKILL');
  for (let tries = 0; tries < 200 && groupIsAlive(pid); tries++) await sleep(50);
  expect(groupIsAlive(pid)).toBe(false);
  expect(await answers(endpoint)).toBe(false);
});

test('an engine that was released outlives the process that started it', async () => {
  const { child, pid, endpoint } = await startInProcess('await release();');
  child.kill('SIGKILL');
  await once(child, 'close');
  // Longer than an engine takes to notice that its input has ended.
  await sleep(500);
  expect(isAlive(pid)).toBe(true);
  expect(await answers(endpoint)).toBe(true);
});

test('an engine that ends at once says why, and leaves nothing behind', async () => {
  const before = runFolders();
  const starting = startWith(engineThatRuns(`console.error('no such setting'); process.exit(2)`));
  await expect(starting).rejects.toThrow(EngineStartFailed);
  await expect(starting).rejects.toThrow(/Fake ended while it started\.[\s\S]*no such setting/);
  expect(runFolders()).toEqual(before);
});

test.for([
  [DYNAMODB_LOCAL, 'DynamoDB Local needs Java 17 or newer'],
  [LOCALSTACK, 'LocalStack needs Python 3.13 with its venv'],
] as const)('without what %o runs on, one sentence says so', async ([engine, sentence]) => {
  const starting = startWith(engine);
  await expect(starting).rejects.toThrow(EngineUnavailable);
  await expect(starting).rejects.toThrow(sentence);
  await expect(starting).rejects.not.toThrow(/\n/);
});

test('an old Java is named', async () => {
  const starting = startWith(DYNAMODB_LOCAL, { java: `console.error('java version "1.8.0_402"')` });
  await expect(starting).rejects.toThrow('needs Java 17 or newer as java on the PATH or in JAVA_HOME (here is 8)');
});

test('without Maven, one sentence says so', async () => {
  const starting = startWith(DYNAMODB_LOCAL, JAVA_17);
  await expect(starting).rejects.toThrow(EngineUnavailable);
  await expect(starting).rejects.toThrow('there is no mvn on the PATH');
});

test('a download that fails says what failed', async () => {
  const starting = startWith(DYNAMODB_LOCAL, { ...JAVA_17, mvn: FAILING });
  await expect(starting).rejects.toThrow(EngineInstallFailed);
  await expect(starting).rejects.toThrow(/could not be fetched; \w+ said:\n.*Unknown host/);
});

test.for([
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['java version "1.8.0_402"', 8],
  ['openjdk version "25" 2025-09-16', 25],
  ['The program java is not installed', undefined],
] as const)('%s is Java %s', ([text, version]) => {
  expect(javaVersion(text)).toBe(version);
});

function runFolders(): string[] {
  return existsSync(tmpdir()) ? readdirSync(tmpdir()).filter((name) => name.startsWith('waybill-fake-')) : [];
}

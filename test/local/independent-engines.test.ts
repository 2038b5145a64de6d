import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import {
  DYNAMODB_LOCAL,
  ELASTICMQ,
  engineNamed,
  fetchIndependentEngine,
  type IndependentEngine,
  KINESIS_LOCAL,
  LOCALSTACK,
  startIndependentEngine,
} from '../../lib/local/engines/index.ts';
import { javaVersion } from '../../lib/local/engines/java.ts';
import { EngineInstallFailed, EngineStartFailed, EngineUnavailable, UnknownEngine } from '../../lib/local/errors.ts';
import { answers } from '../../lib/local/health.ts';
import { groupIsAlive } from '../../lib/local/processes.ts';
import { temporaryFolder, writeProgram } from './fake-program.ts';

/** Answers every request, in a child of its own group's leader. */
const server = `
require('node:http').createServer((_, reply) => reply.end('yes')).listen(Number(process.argv[2]), '127.0.0.1');
`;

function engineThatRuns(program: string): IndependentEngine {
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

/** Starts an engine where only these programs are. */
function startWith(engine: IndependentEngine, programs: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder();
  for (const [name, body] of Object.entries(programs)) writeProgram(folder, name, body);
  const environment = { PATH: folder, HOME: folder, PYENV_ROOT: folder };
  return startIndependentEngine(engine, {
    engineFolder: temporaryFolder(),
    stateFolder: temporaryFolder(),
    environment,
  });
}

const JAVA_17 = { java: `console.error('openjdk version "17.0.15" 2025-04-15')` };
const FAILING = `console.log('Could not transfer artifact: Unknown host'); process.exit(parameters[0] === '--version' ? 0 : 1)`;

test('an engine that is fetched ahead is in its folder, is not started, and leaves nothing else', async () => {
  const engineFolder = temporaryFolder();
  const runFolders: string[] = [];
  const engine: IndependentEngine = {
    ...engineThatRuns('process.exit(1)'),
    async prepare({ installFolder, runFolder }) {
      runFolders.push(runFolder);
      writeFileSync(join(installFolder, 'program'), 'fetched');
      return { program: 'no-such-program', parameters: [] };
    },
  };
  await fetchIndependentEngine(engine, { engineFolder });
  expect(existsSync(join(engineFolder, 'fake-1', 'program'))).toBe(true);
  expect(runFolders.map((folder) => existsSync(folder))).toEqual([false]);
});

test('an engine answers once it is started, and is gone once it is stopped', async () => {
  const engine = await startWith(engineThatRuns(server));
  expect(await answers(engine.endpoint)).toBe(true);
  expect(new URL(engine.endpoint).hostname).toBe('127.0.0.1');
  await engine.stop();
  expect(await answers(engine.endpoint)).toBe(false);
  expect(groupIsAlive(engine.pid)).toBe(false);
});

test('an engine ends with the process that started it, however that ends', async () => {
  const folder = temporaryFolder();
  const program = join(folder, 'start.ts');
  const engines = new URL('../../lib/local/engines/start.ts', import.meta.url);
  writeFileSync(
    program,
    `import { startIndependentEngine } from ${JSON.stringify(engines.href)};
const engine = await startIndependentEngine(
  {
    name: 'fake', title: 'Fake', version: '1',
    prepare: async ({ port, runFolder }) => ({
      program: process.execPath,
      parameters: ['-e', ${JSON.stringify(server)}, '--', 'server', String(port)],
    }),
  },
  { engineFolder: ${JSON.stringify(folder)}, stateFolder: ${JSON.stringify(folder)} },
);
console.log(JSON.stringify(engine));
setInterval(() => undefined, 1000);
`,
  );
  const child: ChildProcess = spawn(process.execPath, ['--conditions=waybill-source', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  const engine = JSON.parse(line.toString()) as { pid: number; endpoint: string };
  expect(await answers(engine.endpoint)).toBe(true);
  child.kill('SIGKILL');
  for (let tries = 0; tries < 200 && groupIsAlive(engine.pid); tries++) await sleep(50);
  expect(groupIsAlive(engine.pid)).toBe(false);
  expect(await answers(engine.endpoint)).toBe(false);
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
  [ELASTICMQ, 'ElasticMQ needs Java 11 or newer'],
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
  const starting = startWith(ELASTICMQ, JAVA_17);
  await expect(starting).rejects.toThrow(EngineUnavailable);
  await expect(starting).rejects.toThrow('there is no mvn on the PATH');
});

test.for([
  [ELASTICMQ, { ...JAVA_17, mvn: FAILING }],
  [KINESIS_LOCAL, { npm: FAILING }],
] as const)('a download of %o that fails says what failed', async ([engine, programs]) => {
  const starting = startWith(engine, programs);
  await expect(starting).rejects.toThrow(EngineInstallFailed);
  await expect(starting).rejects.toThrow(/could not be fetched; \w+ said:\n.*Unknown host/);
});

test('a name that no engine has is refused with those that there are', () => {
  expect(() => engineNamed('dynalite')).toThrow(UnknownEngine);
  expect(() => engineNamed('dynalite')).toThrow('give one of dynamodb-local, elasticmq, kinesis-local, localstack');
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

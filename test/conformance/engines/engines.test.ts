import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { EngineProgram } from '../../../lib/local/engines/engine-program.ts';
import { EngineInstallFailed, EngineUnavailable } from '../../../lib/local/errors.ts';
import { temporaryFolder } from '../../local/fake-program.ts';
import { FAILING, JAVA_17, startWith } from '../../local/start-with.ts';
import { ELASTICMQ } from './elasticmq.ts';
import { fetchEngine } from './fetch-engine.ts';
import { KINESIS_LOCAL } from './kinesis-local.ts';

test('without Java, one sentence says that ElasticMQ needs it', async () => {
  const starting = startWith(ELASTICMQ);
  await expect(starting).rejects.toThrow(EngineUnavailable);
  await expect(starting).rejects.toThrow('ElasticMQ needs Java 11 or newer');
  await expect(starting).rejects.not.toThrow(/\n/);
});

test.for([
  [ELASTICMQ, { ...JAVA_17, mvn: FAILING }],
  [KINESIS_LOCAL, { npm: FAILING }],
] as const)('a download of %o that fails says what failed', async ([engine, programs]) => {
  const starting = startWith(engine, programs);
  await expect(starting).rejects.toThrow(EngineInstallFailed);
  await expect(starting).rejects.toThrow(/could not be fetched; \w+ said:\n.*Unknown host/);
});

test('an engine that is fetched ahead is in its folder, is not started, and leaves nothing else', async () => {
  const engineFolder = temporaryFolder();
  const runFolders: string[] = [];
  const engine: EngineProgram = {
    name: 'fake',
    title: 'Fake',
    version: '1',
    async prepare({ installFolder, runFolder }) {
      runFolders.push(runFolder);
      mkdirSync(installFolder, { recursive: true });
      writeFileSync(join(installFolder, 'program'), 'fetched');
      return { program: 'no-such-program', parameters: [] };
    },
  };
  await fetchEngine(engine, { engineFolder });
  expect(existsSync(join(engineFolder, 'fake-1', 'program'))).toBe(true);
  expect(runFolders.map((folder) => existsSync(folder))).toEqual([false]);
});

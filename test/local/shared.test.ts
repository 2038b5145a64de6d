import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isAlive } from '../../lib/local/processes.ts';
import type { ServerState } from '../../lib/local/server.ts';
import { sharedEngine, sharedLocalStack } from '../../lib/local/shared.ts';
import { writeState } from '../../lib/local/state-file.ts';
import { temporaryFolder } from './fake-program.ts';

const dead: ServerState = {
  id: 'waybill-engine-0123456789ab',
  endpoint: 'http://127.0.0.1:1',
  pid: spawnSync(process.execPath, ['--version']).pid,
  startedAt: '2026-01-01T00:00:00.000Z',
  logFile: '/nowhere/log',
  runFolder: '/nowhere/run',
};
/** A process that lives, but is none of the engine's. */
const another: ServerState = { ...dead, pid: process.pid };

test.each([
  ['the embedded engine', 'engine', sharedEngine, dead],
  ['LocalStack', 'localstack', sharedLocalStack, { ...dead, beside: [dead] }],
] as const)('the state of %s that died is removed, and none is found', async (_, name, server, state) => {
  const folder = temporaryFolder();
  writeState(join(folder, `${name}.json`), state);
  await expect(server.find(folder)).resolves.toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ['the embedded engine', 'engine', sharedEngine, another],
  ['LocalStack', 'localstack', sharedLocalStack, { ...another, beside: [another] }],
] as const)(
  'a process that has the number of %s but is another is neither found nor ended',
  async (_, name, server, state) => {
    const folder = temporaryFolder();
    writeState(join(folder, `${name}.json`), state);
    await expect(server.find(folder)).resolves.toBeUndefined();
    writeState(join(folder, `${name}.json`), state);
    await expect(server.stop(folder)).resolves.toBeUndefined();
    expect(isAlive(process.pid)).toBe(true);
    expect(existsSync(join(folder, `${name}.json`))).toBe(false);
  },
);

test.each(['', '{', 'null', '{"pid":1}', '{"id":"x","endpoint":7,"pid":42}'])(
  'a state file with %o is no engine',
  async (text) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'engine.json'), text);
    expect(sharedEngine.read(folder)).toBeUndefined();
    writeFileSync(join(folder, 'engine.json'), text);
    await expect(sharedEngine.find(folder)).resolves.toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
  },
);

test('where Python 3.13 is absent, LocalStack is not started, and one sentence says so', async () => {
  const folder = temporaryFolder();
  const environment = { PATH: folder, HOME: folder, PYENV_ROOT: folder };
  await expect(sharedLocalStack.share({ stateFolder: folder, environment })).rejects.toMatchObject({
    code: 'engine-unavailable',
    message: expect.stringMatching(/^LocalStack needs Python 3\.13[^\n]*$/),
  });
  expect(await sharedLocalStack.find(folder)).toBeUndefined();
});

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isAlive } from '../../lib/local/processes.ts';
import { findEngine, stopSharedEngine } from '../../lib/local/shared.ts';
import { type EngineState, readState, writeState } from '../../lib/local/state.ts';
import { temporaryFolder } from './fake-program.ts';

const state: EngineState = {
  id: 'waybill-engine-0123456789ab',
  endpoint: 'http://127.0.0.1:1',
  pid: spawnSync(process.execPath, ['--version']).pid,
  startedAt: '2026-01-01T00:00:00.000Z',
  logFile: '/nowhere/log',
  runFolder: '/nowhere/run',
};

test('the state of an engine that died is removed, and no engine is found', async () => {
  const folder = temporaryFolder();
  writeState(folder, state);
  await expect(findEngine(folder)).resolves.toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
});

test('a process that has the engine’s number but is another is neither found nor ended', async () => {
  const folder = temporaryFolder();
  writeState(folder, { ...state, pid: process.pid });
  await expect(findEngine(folder)).resolves.toBeUndefined();
  writeState(folder, { ...state, pid: process.pid });
  await expect(stopSharedEngine(folder)).resolves.toBeUndefined();
  expect(isAlive(process.pid)).toBe(true);
  expect(existsSync(join(folder, 'engine.json'))).toBe(false);
});

test.each(['', '{', 'null', '{"pid":1}', '{"id":"x","endpoint":7,"pid":42}'])(
  'a state file with %o is no engine',
  async (text) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'engine.json'), text);
    expect(readState(folder)).toBeUndefined();
    await expect(findEngine(folder)).resolves.toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
  },
);

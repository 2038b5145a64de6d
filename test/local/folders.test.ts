import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  compileCacheFolder,
  defaultInstallFolder,
  defaultStateFolder,
  repositoryRoot,
  userCacheFolder,
} from '../../lib/local/folders.ts';

const root = join(import.meta.dirname, '..', '..');

test('inside its own repository the engine is installed into .venv and its state is in .waybill', () => {
  expect(repositoryRoot()).toBe(root);
  expect(defaultInstallFolder('1.0', {})).toBe(join(root, '.venv'));
  expect(defaultStateFolder({})).toBe(join(root, '.waybill'));
});

test('WAYBILL_STATE_FOLDER moves the state, and WAYBILL_ENGINE_FOLDER the engine', () => {
  expect(defaultInstallFolder('1.0', { WAYBILL_ENGINE_FOLDER: '/elsewhere' })).toBe('/elsewhere');
  expect(defaultStateFolder({ WAYBILL_STATE_FOLDER: '/elsewhere' })).toBe('/elsewhere');
});

test('what Node compiled is kept in one place, whichever state folder is used, or where Node was told', () => {
  expect(compileCacheFolder({ WAYBILL_STATE_FOLDER: '/elsewhere' })).toBe(join(root, '.waybill', 'compile-cache'));
  expect(compileCacheFolder({ NODE_COMPILE_CACHE: '/compiled' })).toBe('/compiled');
});

test.each([
  ['linux', { XDG_CACHE_HOME: '/caches' }, '/caches/waybill'],
  ['darwin', {}, '/Library/Caches/waybill'],
  ['win32', { LOCALAPPDATA: '/local' }, '/local/waybill'],
  ['linux', {}, '/.cache/waybill'],
] as const)('on %s with %o the cache folder ends in %s', (platform, environment, end) => {
  expect(userCacheFolder(environment, platform)).toMatch(new RegExp(`${end}$`));
});

import { createHash } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join, sep } from 'node:path';
import { root, runProgram } from './program.mjs';

const lockFile = join(root, 'package-lock.json');
const modules = join(root, 'node_modules');
/** What npm says it installed. npm writes it last and removes it first, so an interrupted install has none. */
const installedFile = join(modules, '.package-lock.json');
const stampFile = join(modules, '.waybill-set-up.json');

/** Whether node_modules is what package-lock.json says, for this platform. */
export function dependenciesAreInstalled() {
  const stamp = currentStamp();
  if (stamp === undefined) return false;
  if (read(stampFile) === stamp) return true;
  if (!lockIsInstalled()) return false;
  writeFileSync(stampFile, stamp);
  return true;
}

/**
 * Installs exactly what package-lock.json says.
 *
 * @param {(pid: number) => void} started told npm's process id
 */
export async function installDependencies(started) {
  rmSync(stampFile, { force: true });
  const windows = process.platform === 'win32';
  const flags = [
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-update-notifier',
    '--loglevel=error',
    '--no-progress',
  ];
  await runProgram(windows ? 'npm.cmd' : 'npm', ['ci', ...flags, '--include=dev', '--include=optional'], {
    started,
    shell: windows,
    env: { ...process.env, PATH: pathWithoutModules() },
    missing: 'There is no npm on the PATH: install Node.js with npm from https://nodejs.org.',
    failed: 'npm ci failed: mend what it says above (is the package registry reachable?), then run the command again.',
  });
  // Stamps it; where an optional package could not be fetched, leaves that to the next set-up.
  dependenciesAreInstalled();
}

/** Changes with the lock file, the platform and every install; undefined when nothing is installed. */
function currentStamp() {
  const installed = statSync(installedFile, { throwIfNoEntry: false });
  if (installed === undefined) return undefined;
  const lock = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  return JSON.stringify({ lock, platform: process.platform, arch: process.arch, installed: installed.mtimeMs });
}

/** Compares package by package, so that an install by hand counts as well. */
function lockIsInstalled() {
  const wanted = packages(lockFile);
  const found = packages(installedFile);
  return Object.entries(wanted).every(([path, { version, optional, os, cpu, libc }]) => {
    if (!path.startsWith('node_modules/')) return true;
    if (found[path] !== undefined) return found[path].version === version;
    // npm leaves out what is made for other platforms, and what nothing but that needs.
    const madeForHere = names(os, process.platform) && names(cpu, process.arch) && libc === undefined;
    return optional === true && !madeForHere;
  });
}

/**
 * @param {string | string[] | undefined} list
 * @param {string} name
 */
function names(list, name) {
  return list === name || (Array.isArray(list) && list.includes(name));
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean, os?: string | string[], cpu?: string | string[], libc?: string[] }>}
 */
function packages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

/** npm is about to replace node_modules, so it must not run on the Node inside it. */
function pathWithoutModules() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.filter((folder) => !folder.includes(`node_modules${sep}.bin`)).join(delimiter);
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../setup/program.mjs';

/** Where the framework's functions are bundled: a folder each, with an `index.mjs`. */
export const bundlesFolder = join(root, 'dist', 'functions');

const recordFile = join(root, 'node_modules', '.cache', 'waybill', 'function-bundles.json');
/** Beside the sources, a bundle depends on what is installed and on how it is built. */
const alwaysInputs = ['package.json', 'package-lock.json', 'tsconfig.json', 'scripts/build/function-bundles.mjs'];

/**
 * What the last build read and wrote, by path in the repository.
 *
 * @typedef {{ inputs: Record<string, string>, outputs: Record<string, number> }} BuildRecord hashes and sizes
 */

/** The entry points, by name: `functions/relay.ts` is `relay`. */
export function functionNames() {
  const folder = join(root, 'functions');
  const files = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  return files
    .filter((file) => file.isFile() && /(?<!\.d|\.test)\.ts$/.test(file.name))
    .map((file) => file.name.slice(0, -'.ts'.length))
    .sort();
}

/** Whether every bundle is there and was made from the files as they are now. */
export function functionBundlesAreFresh() {
  const record = readRecord();
  if (record === undefined) return false;
  const outputs = functionNames().map(outputOf);
  if (outputs.join() !== Object.keys(record.outputs).join()) return false;
  if (!outputs.every((path) => sizeOf(path) === record.outputs[path])) return false;
  return Object.entries(record.inputs).every(([path, hash]) => hashOf(path) === hash);
}

/**
 * Remembers a build.
 *
 * @param {Iterable<string>} sources what the bundler read, by path in the repository
 * @param {number} startedAt a file that changed after this moment may be in the bundle as it was before
 */
export function recordBuild(sources, startedAt) {
  // What is written into the build itself, as `<data:…>`, is no file.
  const own = [...sources].filter((path) => !path.startsWith('node_modules/') && !path.startsWith('<'));
  const inputs = [...new Set([...alwaysInputs, ...own])].sort();
  const outputs = functionNames().map(outputOf);
  /** @type {BuildRecord} */
  const record = {
    inputs: Object.fromEntries(inputs.map((path) => [path, changedSince(path, startedAt) ? '' : (hashOf(path) ?? '')])),
    outputs: Object.fromEntries(outputs.map((path) => [path, sizeOf(path) ?? -1])),
  };
  mkdirSync(dirname(recordFile), { recursive: true });
  const unfinished = `${recordFile}.${process.pid}`;
  writeFileSync(unfinished, JSON.stringify(record));
  renameSync(unfinished, recordFile);
}

/** @returns {BuildRecord | undefined} */
function readRecord() {
  try {
    return JSON.parse(readFileSync(recordFile, 'utf8'));
  } catch {
    return undefined;
  }
}

/** @param {string} name */
function outputOf(name) {
  return `dist/functions/${name}/index.mjs`;
}

/** @param {string} path */
function sizeOf(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.size;
}

/**
 * @param {string} path
 * @param {number} moment
 */
function changedSince(path, moment) {
  return (statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0) >= moment;
}

/** @param {string} path */
function hashOf(path) {
  try {
    return createHash('sha256')
      .update(readFileSync(join(root, path)))
      .digest('base64');
  } catch {
    return undefined;
  }
}

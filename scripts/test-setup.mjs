import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { functionBundlesAreFresh } from './build/freshness.mjs';
import { buildFunctionBundles } from './build/function-bundles.mjs';
import { root } from './setup/program.mjs';

/**
 * Before any test: what tests deploy is what the sources say, so a function that cannot be bundled fails the run. After all
 * of them, their temporary files are gone: CDK leaves a folder for each app that is synthesized.
 *
 * @returns {Promise<() => void>} what is done after the tests
 * @throws {import('./build/function-bundles.mjs').BundleError}
 */
export default async function setup() {
  if (!functionBundlesAreFresh()) await buildFunctionBundles();
  const folder = mkdtempSync(join(tmpdir(), 'waybill-tests-'));
  process.env.TMPDIR = folder;
  // Each test file loads the CDK anew: compiled once, it is loaded in half the time.
  process.env.NODE_COMPILE_CACHE ??= join(root, '.waybill', 'compile-cache');
  process.env.PATH = [shortNpx(), process.env.PATH].join(delimiter);
  return () => rmSync(folder, { recursive: true, force: true });
}

/**
 * CDK starts `npx --no-install esbuild` for each function that it bundles, and npm takes ten times as long to find esbuild
 * as esbuild takes to start. This one looks where npm would find it, and leaves all else to npm. In `node_modules`, so that
 * the tests of the package, whose user has nothing of this repository, drop it from their PATH.
 *
 * @returns {string} the folder that holds it
 */
function shortNpx() {
  const folder = join(root, 'node_modules', '.cache', 'waybill', 'npx');
  const programs = join(root, 'node_modules', '.bin');
  mkdirSync(folder, { recursive: true });
  const script = [
    '#!/bin/sh',
    'if [ "$1" = --no-install ]; then shift; fi',
    `if [ -x "${programs}/$1" ]; then program=$1; shift; exec "${programs}/$program" "$@"; fi`,
    `PATH=$(printf %s "$PATH" | tr : '\\n' | grep -vxF "${folder}" | paste -sd : -)`,
    'exec npx "$@"',
    '',
  ];
  writeFileSync(join(folder, 'npx'), script.join('\n'), { mode: 0o755 });
  return folder;
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  return () => rmSync(folder, { recursive: true, force: true });
}

import { functionBundlesAreFresh } from './build/freshness.mjs';
import { buildFunctionBundles } from './build/function-bundles.mjs';

/**
 * Before any test: what tests deploy is what the sources say, so a function that cannot be bundled fails the run.
 *
 * @throws {import('./build/function-bundles.mjs').BundleError}
 */
export default async function setup() {
  if (!functionBundlesAreFresh()) await buildFunctionBundles();
}

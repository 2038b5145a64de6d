import { functionBundlesAreFresh } from './build/freshness.mjs';
import { buildFunctionBundles } from './build/function-bundles.mjs';

/** Before the tests: what they deploy is what the sources say. */
export default async function setup() {
  if (!functionBundlesAreFresh()) await buildFunctionBundles();
}

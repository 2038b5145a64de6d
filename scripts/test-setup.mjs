import { functionBundlesAreFresh } from './build/freshness.mjs';
import { BundleError, buildFunctionBundles } from './build/function-bundles.mjs';

/** The projects whose tests run the bundles. */
const deploying = ['engine', 'package'];

/**
 * Before a project's tests: what they deploy is what the sources say.
 *
 * @param {import('vitest/node').TestProject} project
 */
export default async function setup(project) {
  try {
    if (!functionBundlesAreFresh()) await buildFunctionBundles();
  } catch (error) {
    if (!(error instanceof BundleError) || deploying.includes(project.name)) throw error;
    // A unit test need not wait for a function that somebody is in the middle of writing.
    process.stderr.write(`The framework's functions could not be bundled:\n${error.message}\n`);
  }
}

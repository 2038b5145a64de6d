/**
 * Sets this repository up on a fresh machine: `node scripts/setup.mjs`.
 *
 * Runs on Node 20 with built-ins only, before anything is installed. Writes to stderr alone, does nothing where nothing
 * changed, mends what an interrupted run left, and may run twice at once.
 */
import { pathToFileURL } from 'node:url';
import { functionBundlesAreFresh } from './build/freshness.mjs';
import { dependenciesAreInstalled, installDependencies } from './setup/dependencies.mjs';
import { withLock } from './setup/lock.mjs';
import { checkMachine, findNode } from './setup/node.mjs';
import { report, root, runProgram, SetupError } from './setup/program.mjs';

/**
 * Sets up what is missing.
 *
 * @returns {Promise<string>} the path of a Node that runs this repository (24 or newer)
 * @throws {SetupError} with one sentence that says what to do
 */
export async function setUp() {
  checkMachine();
  if (dependenciesAreInstalled() && functionBundlesAreFresh()) return findNode();
  return await withLock(async (keepFor) => {
    // Whoever held the lock before may have done it all.
    if (!dependenciesAreInstalled()) {
      report('installing packages (once, about a minute)');
      await installDependencies(keepFor);
    }
    const node = findNode();
    if (!functionBundlesAreFresh()) {
      report("bundling the framework's functions");
      await runProgram(node, ['scripts/build.mjs'], {
        failed: "The framework's functions could not be bundled: mend the error above, then run the command again.",
      });
    }
    return node;
  });
}

/** @param {unknown} error */
export function exitWith(error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 1;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.chdir(root);
  await setUp().catch(exitWith);
}

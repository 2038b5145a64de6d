/**
 * Runs the tests in two lanes side by side: those of the embedded engine, which mostly wait, and all
 * others, which mostly compute. With arguments it runs one lane, of what they name: `npm test -- test/relay`.
 *
 * The tests of the package and of templates are not among them: `npm run test:artifacts`.
 *
 * The others are shown as they run, what waits once they have ended. The last line counts both, below what failed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { functionBundlesAreFresh } from './build/freshness.mjs';
import { buildFunctionBundles } from './build/function-bundles.mjs';
import { root } from './setup/program.mjs';
import { addTallies, readTally, TALLY_FILE, tallyLines } from './tally.mjs';

const WAITING = ['engine'];
const COMPUTING = ['unit', 'types', 'certificate', 'repository', 'browser'];

const given = process.argv.slice(2);
if (!functionBundlesAreFresh()) await buildFunctionBundles();
const folder = mkdtempSync(join(tmpdir(), 'waybill-lanes-'));
try {
  const waiting = given.length > 0 ? undefined : startLane(projects(WAITING), 'held');
  const computing = startLane(given.length > 0 ? given : projects(COMPUTING), 'shown');
  const tallies = [await computing.tally];
  waiting?.show();
  if (waiting) tallies.push(await waiting.tally);
  const sum = addTallies(tallies);
  process.exitCode = sum.failed > 0 ? 1 : 0;
  process.stdout.write(`\n${tallyLines(sum)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @param {readonly string[]} names */
function projects(names) {
  return names.map((name) => `--project=${name}`);
}

/**
 * @param {readonly string[]} parameters of vitest
 * @param {'held' | 'shown'} output
 */
function startLane(parameters, output) {
  const file = join(folder, `${output}.json`);
  const child = spawn(process.execPath, [...process.execArgv, 'node_modules/vitest/vitest.mjs', 'run', ...parameters], {
    cwd: root,
    stdio: output === 'shown' ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, [TALLY_FILE]: file },
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal));
  }
  /** @type {Buffer[]} */
  const held = [];
  let print = (/** @type {Buffer} */ chunk) => void held.push(chunk);
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => print(chunk));
  return {
    tally: once(child, 'close').then(([code]) => readTally(file, code ?? 1)),
    /** From now on, and what was held. */
    show: () => {
      print = (chunk) => void process.stdout.write(chunk);
      for (const chunk of held) print(chunk);
    },
  };
}

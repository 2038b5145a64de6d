import { readFileSync } from 'node:fs';

/** The environment variable that names a file for what a run counted, in place of its last line. */
export const TALLY_FILE = 'WAYBILL_TALLY_FILE';

/**
 * @typedef {object} Tally
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {readonly string[]} [failures] what failed, and why
 */

/**
 * What a run wrote into its file. One that wrote nothing, or ended with an error that it did not count, has failed.
 *
 * @param {string} file
 * @param {number} code with which it ended
 * @returns {Tally}
 */
export function readTally(file, code) {
  /** @type {Tally} */
  let tally = { passed: 0, failed: 1, skipped: 0, failures: ['a lane did not come to its end'] };
  try {
    tally = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // It did not come to its end.
  }
  if (code === 0 || tally.failed > 0) return tally;
  return { ...tally, failed: 1, failures: [`a lane ended with ${code}`] };
}

/**
 * @param {readonly Tally[]} tallies
 * @returns {Tally}
 */
export function addTallies(tallies) {
  const sum = { passed: 0, failed: 0, skipped: 0, failures: /** @type {string[]} */ ([]) };
  for (const { passed, failed, skipped, failures = [] } of tallies) {
    sum.failures.push(...failures);
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  return sum;
}

/** @param {Tally} tally */
export function tallyLine({ passed, failed, skipped }) {
  const line = `${passed} passed, ${failed} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}

/**
 * What failed, a line each, and the line of the tally.
 *
 * @param {Tally} tally
 */
export function tallyLines(tally) {
  return [...(tally.failures ?? []).map((failure) => `failed: ${failure}`), tallyLine(tally)].join('\n');
}

import { writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { TALLY_FILE, tallyLines } from './tally.mjs';

/**
 * Ends a test run with what failed, a line each, and one line alone: `N passed, N failed`, and `, N skipped` where some
 * were.
 *
 * A run that failed otherwise (a file that does not load, an unhandled error, no test at all) counts as one more failure,
 * so that the line never says less than the exit code.
 */
export default class TallyReporter {
  /** @type {string | undefined} */
  #lines;

  onInit() {
    // The summary of the other reporters comes after their `onTestRunEnd`: only the exit is certain to be last.
    process.once('exit', () => {
      if (this.#lines) process.stdout.write(`${this.#lines}\n`);
    });
  }

  /**
   * @param {ReadonlyArray<import('vitest/node').TestModule>} testModules
   * @param {ReadonlyArray<unknown>} unhandledErrors
   * @param {import('vitest/node').TestRunEndReason} reason
   */
  onTestRunEnd(testModules, unhandledErrors, reason) {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    /** @type {string[]} */
    const failures = [];
    for (const testModule of testModules) {
      let failedTests = 0;
      for (const test of testModule.children.allTests()) {
        const { state, errors } = test.result();
        count[state] += 1;
        if (state !== 'failed' && state !== 'pending') continue;
        failedTests += 1;
        failures.push(`${testModule.relativeModuleId} > ${test.fullName}: ${told(errors?.[0] ?? 'it did not end')}`);
      }
      if (testModule.state() === 'failed' && failedTests === 0) {
        failures.push(`${testModule.relativeModuleId}: ${told(testModule.errors()[0] ?? 'it has no test')}`);
      }
    }
    for (const error of unhandledErrors) failures.push(`an error that nothing handles: ${told(error)}`);
    if (failures.length === 0 && reason !== 'passed') failures.push(`the run was ${reason}`);
    if (failures.length === 0 && count.passed + count.skipped === 0) failures.push('no test was found');
    if (failures.length > 0) process.exitCode = 1;
    const tally = { passed: count.passed, failed: failures.length, skipped: count.skipped, failures };
    const file = process.env[TALLY_FILE];
    if (file) writeFileSync(file, JSON.stringify(tally));
    else this.#lines = tallyLines(tally);
  }
}

/**
 * The first line of an error, without colours.
 *
 * @param {unknown} error
 */
function told(error) {
  const text = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return stripVTControlCharacters(String(text)).split('\n', 1)[0];
}

import { writeFileSync } from 'node:fs';
import { TALLY_FILE, tallyLine } from './tally.mjs';

/**
 * Ends a test run with one line alone: `N passed, N failed`, and `, N skipped` where some were.
 *
 * A run that failed otherwise (a file that does not load, an unhandled error, no test at all) counts as one more failure,
 * so that the line never says less than the exit code.
 */
export default class TallyReporter {
  /** @type {string | undefined} */
  #line;

  onInit() {
    // The summary of the other reporters comes after their `onTestRunEnd`: only the exit is certain to be last.
    process.once('exit', () => {
      if (this.#line) process.stdout.write(`${this.#line}\n`);
    });
  }

  /**
   * @param {ReadonlyArray<import('vitest/node').TestModule>} testModules
   * @param {ReadonlyArray<unknown>} unhandledErrors
   * @param {import('vitest/node').TestRunEndReason} reason
   */
  onTestRunEnd(testModules, unhandledErrors, reason) {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const testModule of testModules) {
      for (const test of testModule.children.allTests()) count[test.result().state] += 1;
    }
    let failed = count.failed + count.pending;
    const brokenModules = testModules.filter(
      (testModule) => testModule.state() === 'failed' && [...testModule.children.allTests('failed')].length === 0,
    ).length;
    failed += brokenModules + unhandledErrors.length;
    if (failed === 0 && (reason !== 'passed' || count.passed + count.skipped === 0)) failed = 1;
    if (failed > 0) process.exitCode = 1;
    const tally = { passed: count.passed, failed, skipped: count.skipped };
    const file = process.env[TALLY_FILE];
    if (file) writeFileSync(file, JSON.stringify(tally));
    else this.#line = tallyLine(tally);
  }
}

import { fileURLToPath } from 'node:url';
import { runCommand } from '../../lib/local/command.ts';

/** What came of the example shop on LocalStack and DynamoDB Local, in tests. */
export interface CorePathRun {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What is worth telling: all of its output where a test failed, else why tests were left out. */
  readonly lines: readonly string[];
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/localstack/vitest.config.ts'];

/** Ordered subscribers, whose processes are killed: it takes minutes. */
const SLOW = ['--exclude', 'test/localstack/order.independent.ts'];

/**
 * Runs the tests of `test/localstack` that are not part of `npm test`.
 * @param signal ends them
 */
export async function runCorePath({
  quick,
  signal,
}: {
  readonly quick: boolean;
  readonly signal: AbortSignal;
}): Promise<CorePathRun> {
  const parameters = ['--conditions=waybill-source', ...PROGRAM, ...(quick ? SLOW : [])];
  const options = { cwd: ROOT, timeoutMs: quick ? 600_000 : 1_200_000, signal };
  return corePathRun(await runCommand(process.execPath, parameters, options));
}

/** @param result of a program that ends with a line `N passed, N failed[, N skipped]` */
export function corePathRun({ exitCode, lines }: Awaited<ReturnType<typeof runCommand>>): CorePathRun {
  const tally = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/;
  const [, passed = 0, counted = 1, skipped = 0] = lines.findLast((line) => tally.test(line))?.match(tally) ?? [];
  const failed = Number(counted) === 0 && exitCode !== 0 ? 1 : Number(counted);
  const told =
    failed > 0 ? lines.filter((line) => !tally.test(line)) : lines.filter((line) => /^Left out: /.test(line));
  return { passed: Number(passed), failed, skipped: Number(skipped), lines: told };
}

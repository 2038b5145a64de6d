import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** It is checked apart from everything else, which has no `document`. */
test("the page's script satisfies its types", async () => {
  const parameters = ['node_modules/typescript/bin/tsc', '--noEmit', '--project', 'lib/radar/browser'];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { cwd: root });
  expect(stdout).toBe('');
}, 60_000);

import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import settings from '../../vitest.config.ts';
import { SEED_VARIABLE } from '../certify/drawn-seed.ts';
import { root } from '../setup/program.mjs';
import { SCHEMATA } from './orders.ts';

const { projects: _, ...test } = settings.test ?? {};

/**
 * One process that judges mutants: the framework's files are loaded as their schemata, and nothing is kept on disk, since a file with
 * mistakes in it would pass for the file without. What is drawn is drawn the same for each mutant.
 */
export default defineConfig({
  ...settings,
  root,
  plugins: [{ name: 'mutants', enforce: 'pre', load: textOf }],
  test: {
    ...test,
    include: ['scripts/mutants/judging.ts'],
    runner: join(root, 'scripts/mutants/runner.ts'),
    env: { ...test.env, [SEED_VARIABLE]: '1' },
    fsModuleCache: false,
    isolate: false,
    maxWorkers: 1,
    // A snapshot that differs is a failure, and never a new snapshot.
    update: 'none',
    // A test that is slow because others take the processor notices nothing.
    testTimeout: 300_000,
    silent: true,
    reporters: [{}],
  },
});

function textOf(id: string): string | undefined {
  const path = join(SCHEMATA, relative(root, id));
  return id.startsWith(join(root, 'lib/')) && existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

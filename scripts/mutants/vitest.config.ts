import { defineConfig, mergeConfig } from 'vitest/config';
import settings from '../../vitest.config.ts';
import { root } from '../setup/program.mjs';
import { planted } from './planted.ts';

/**
 * The tests as they are, on code with a mistake in it. Projects take the plugins of the file that they stand in. Nothing is kept on
 * disk: a file with a mistake would pass for the file without.
 */
export default mergeConfig(
  settings,
  defineConfig({
    root,
    test: { fsModuleCache: false },
    plugins: [{ name: 'mutant', enforce: 'pre', load: (id: string) => planted(id) }],
  }),
);

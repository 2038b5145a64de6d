import { defineConfig } from 'vitest/config';

/** The search for plans that find each planted bug: minutes of every core, so `npm test` runs the plans that it found. */
export default defineConfig({
  resolve: { conditions: ['waybill-source', 'node', 'development|production'] },
  ssr: {
    resolve: {
      conditions: ['waybill-source', 'node', 'development|production'],
      externalConditions: ['waybill-source', 'node', 'module-sync'],
    },
  },
  test: {
    include: ['test/planted-bugs/*.hunt.ts'],
    // Each takes every core.
    fileParallelism: false,
    reporters: ['default', './scripts/tally-reporter.mjs'],
    execArgv: ['--conditions=waybill-source'],
    watch: false,
  },
});

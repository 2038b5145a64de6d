import { defineConfig } from 'vitest/config';

/** The search for plans that find each planted bug, and what else takes minutes of every core: `npm test` runs the plans that it found. */
export default defineConfig({
  resolve: { conditions: ['waybill-source', 'node', 'development|production'] },
  ssr: {
    resolve: {
      conditions: ['waybill-source', 'node', 'development|production'],
      externalConditions: ['waybill-source', 'node', 'module-sync'],
    },
  },
  test: {
    include: ['test/planted-bugs/*.hunt.ts', 'test/certificate/formats.test.ts'],
    env: { FORMAT_PLANS: '1000' },
    // Each takes every core.
    fileParallelism: false,
    reporters: ['default', './scripts/tally-reporter.mjs'],
    execArgv: ['--conditions=waybill-source'],
    watch: false,
  },
});

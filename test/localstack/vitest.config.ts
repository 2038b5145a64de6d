import { defineConfig } from 'vitest/config';

/** Tests on engines that others have made: they are fetched when first needed, so these are not part of `npm test`. */
export default defineConfig({
  resolve: { conditions: ['waybill-source', 'node', 'development|production'] },
  ssr: {
    resolve: {
      conditions: ['waybill-source', 'node', 'development|production'],
      externalConditions: ['waybill-source', 'node', 'module-sync'],
    },
  },
  test: {
    include: ['test/localstack/**/*.independent.ts'],
    reporters: ['default', './scripts/tally-reporter.mjs'],
    globalSetup: ['./scripts/test-setup.mjs'],
    execArgv: ['--conditions=waybill-source'],
    testTimeout: 900_000,
    hookTimeout: 900_000,
    fileParallelism: false,
    passWithNoTests: false,
    watch: false,
  },
});

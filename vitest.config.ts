import { configDefaults, defineConfig } from 'vitest/config';
import { drawnSeed, SEED_VARIABLE } from './scripts/certify/drawn-seed.ts';
import LongestFirst from './scripts/longest-first.mjs';

/** Resolved in vitest, in esbuild and by Node itself, so that `import 'waybill'` means the sources in this repository. */
const sourceCondition = 'waybill-source';

/** No test depends on being fast: a busy machine may take thirty times as long. */
const timeout = 300_000;
/** Long enough for a set-up of the engine and a deploy on a busy two-core machine. */
const deployTimeout = 300_000;

const engineTests = 'test/**/*.engine.test.ts';
const browserTests = 'test/browser/**/*.browser.test.ts';
/** Of what is published and what is deployed: the packed package in applications, and all templates. */
const artifactTests = ['test/package/**/*.test.ts', 'test/templates/**/*.test.ts'];
/** Of the repository as a whole: they start programs that others have made, and wait for them. */
const repositoryTests = ['test/repository/**/*.test.ts'];
/** A thousand plans each, or a hundred of each example. */
const certificateTests = ['commerce', 'examples', 'formats'].map((name) => `test/certificate/${name}.test.ts`);
/** Needs LocalStack or an engine like it, and is run as its user runs it: by `node --test`. */
const localstackExample = 'examples/localstack/**';
const typeTests = 'test/types/**/*.test-d.ts';

export default defineConfig({
  resolve: { conditions: [sourceCondition, 'node', 'development|production'] },
  ssr: {
    resolve: {
      conditions: [sourceCondition, 'node', 'development|production'],
      externalConditions: [sourceCondition, 'node', 'module-sync'],
    },
  },
  test: {
    reporters: ['default', './scripts/tally-reporter.mjs'],
    globalSetup: ['./scripts/test-setup.mjs'],
    sequence: { sequencer: LongestFirst },
    execArgv: [`--conditions=${sourceCondition}`],
    // The library's own validation doubles the time of each synthesis: test/templates asks for it, over every template.
    // One seed is drawn for all certificates of a run.
    env: { CDK_VALIDATION: 'false', [SEED_VARIABLE]: String(drawnSeed()) },
    injectCjsGlobals: false,
    passWithNoTests: false,
    allowOnly: !process.env.CI,
    watch: false,
    // Tests of the engine mostly wait for it: one more than a small machine has cores.
    maxWorkers: 3,
    testTimeout: timeout,
    hookTimeout: timeout,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
          exclude: [
            ...configDefaults.exclude,
            browserTests,
            engineTests,
            ...artifactTests,
            ...repositoryTests,
            ...certificateTests,
            localstackExample,
          ],
          // Loading the CDK and the AWS SDK anew for each file would take longer than most of the tests.
          isolate: false,
          sequence: { groupOrder: 5 },
        },
      },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          // An error in any file of the repository fails it: the compiler has read them all.
          typecheck: { enabled: true, only: true, include: [typeTests], ignoreSourceErrors: false },
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'certificate',
          include: certificateTests,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'repository',
          include: repositoryTests,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: [browserTests],
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          name: 'artifacts',
          include: artifactTests,
          testTimeout: deployTimeout,
          hookTimeout: deployTimeout,
          sequence: { groupOrder: 5 },
        },
      },
      {
        extends: true,
        test: {
          name: 'engine',
          include: [engineTests],
          testTimeout: deployTimeout,
          hookTimeout: deployTimeout,
          sequence: { groupOrder: 5 },
        },
      },
    ],
  },
});

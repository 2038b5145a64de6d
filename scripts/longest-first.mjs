import { BaseSequencer } from 'vitest/node';

/** Test files that take longest, on a quiet machine of two cores from half a minute to a minute and a half each. */
export const LONGEST = [
  'test/demo/sabotage.engine.test.ts',
  'test/engine/sweep.engine.test.ts',
  'test/engine/alarms.engine.test.ts',
  'test/examples/commerce.engine.test.ts',
  'test/privilege/enforced.engine.test.ts',
  'test/engine/kills.engine.test.ts',
  'test/cli/dev.engine.test.ts',
  'test/package/init.test.ts',
  'test/corpus/corpus.test.ts',
  'test/relay/sweeper-scale.test.ts',
];

/**
 * Starts the longest files of each project first, so that no worker is left with one of them when the others have ended.
 * vitest itself knows how long a file takes once it has run here; on a fresh clone it goes by size, and the demo is short.
 */
export default class LongestFirst extends BaseSequencer {
  /**
   * @override
   * @param {import('vitest/node').TestSpecification[]} files
   */
  async sort(files) {
    const projects = Map.groupBy(await super.sort(files), ({ project }) => project);
    return [...projects.values()].flatMap((some) => some.toSorted((one, other) => place(one) - place(other)));
  }
}

/** @param {import('vitest/node').TestSpecification} file */
function place({ moduleId }) {
  const found = LONGEST.findIndex((name) => moduleId.endsWith(name));
  return found < 0 ? LONGEST.length : found;
}

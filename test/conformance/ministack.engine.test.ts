import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type StartedEngine, startEngine } from '../../lib/local/engine.ts';
import { SUITES } from './cases/index.ts';
import { DUMMY_CREDENTIALS } from './clients.ts';
import { expectationsOf, surprises } from './expectations.ts';
import type { Outcome } from './run-case.ts';
import { type Outcomes, runSuitesPatiently, selected } from './run-suites.ts';
import { MINISTACK_FEATURES, sdkTarget } from './targets.ts';

/** What is not as expected of a case, a sentence each. */
function surprisesOf(id: string, outcome: Outcome): readonly string[] {
  return surprises(new Map([[id, outcome]]), expectationsOf('ministack'));
}

describe('MiniStack', () => {
  let engine: StartedEngine;
  let outcomes: Outcomes;

  // All at once, most of them waiting: one after another they would take minutes.
  beforeAll(async () => {
    engine = await startEngine();
    const { endpoint, region } = engine;
    const target = sdkTarget({ endpoint, region, credentials: DUMMY_CREDENTIALS }, MINISTACK_FEATURES);
    outcomes = await runSuitesPatiently(SUITES, target, {}, (id, outcome) => surprisesOf(id, outcome).length > 0);
    target.close();
  });

  afterAll(() => engine?.stop());

  test.for(selected(SUITES).map(([id]) => id))('%s', (id) => {
    const outcome = outcomes.get(id);
    expect(outcome).toBeDefined();
    expect(surprisesOf(id, outcome!)).toEqual([]);
  });
});

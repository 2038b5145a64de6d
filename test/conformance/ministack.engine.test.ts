import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type StartedEngine, startEngine } from '../../lib/local/engine.ts';
import { SUITES } from './cases/index.ts';
import { DUMMY_CREDENTIALS } from './clients.ts';
import { expectationsOf, surprises } from './expectations.ts';
import { type Outcomes, runSuites, selected } from './run-suites.ts';
import { MINISTACK_FEATURES, sdkTarget } from './targets.ts';

describe('MiniStack', () => {
  let engine: StartedEngine;
  let outcomes: Outcomes;

  // All at once, most of them waiting: one after another they would take minutes.
  beforeAll(async () => {
    engine = await startEngine();
    const { endpoint, region } = engine;
    const target = sdkTarget({ endpoint, region, credentials: DUMMY_CREDENTIALS }, MINISTACK_FEATURES);
    outcomes = await runSuites(SUITES, target);
    target.close();
  });

  afterAll(() => engine?.stop());

  test.for(selected(SUITES).map(([id]) => id))('%s', (id) => {
    const outcome = outcomes.get(id);
    expect(outcome).toBeDefined();
    expect(surprises(new Map([[id, outcome!]]), expectationsOf('ministack'))).toEqual([]);
  });
});

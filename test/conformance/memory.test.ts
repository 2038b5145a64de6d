import { expect, test } from 'vitest';
import { SUITES } from './cases/index.ts';
import { expectationsOf, surprises } from './expectations.ts';
import { memoryTarget } from './memory.ts';
import { missing, runCase } from './run-case.ts';
import { selected } from './run-suites.ts';
import { MEMORY_FEATURES } from './targets.ts';

const asked = selected(SUITES, { slow: true }).filter(([, one]) => missing(one, MEMORY_FEATURES) === undefined);

test.for(asked)('in memory: %s', async ([id, one]) => {
  const { aws, scratch } = memoryTarget();
  const outcomes = new Map([[id, await runCase(one, aws, scratch)]]);
  expect(surprises(outcomes, expectationsOf('memory'))).toEqual([]);
});

test('the engines in memory are asked everything but Step Functions and the rules of EventBridge', () => {
  const others = selected(SUITES, { slow: true }).filter(([id]) => !asked.some(([one]) => one === id));
  expect(new Set(others.map(([id]) => id.split(':')[0]))).toEqual(new Set(['step-functions', 'events']));
});

import { describe, expect, test, vi } from 'vitest';
import { RULES } from '../../../lib/constructs/rules/rules.ts';
import { MUTANTS } from './mutants/index.ts';
import { refusedBy, shop } from './proved-shop.ts';

// Each synthesizes an app, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const refusing = RULES.filter(({ severity }) => severity !== 'warning');

describe.each(refusing)('$id refuses', ({ id }) => {
  test.for(MUTANTS.filter(({ rule }) => rule === id))('$name, and nothing else does', ({ options, mutate }) => {
    const mutant = shop(options);
    mutate?.(mutant);

    expect(refusedBy(mutant.app)).toEqual([id]);
  });
});

test('every rule that refuses has a mutant, and every mutant a rule', () => {
  const ids = refusing.map((rule) => rule.id);

  expect(MUTANTS.length).toBeGreaterThanOrEqual(30);
  expect([...new Set(MUTANTS.map(({ rule }) => rule))].sort()).toEqual([...ids].sort());
});

test('a refusal says what is there, why it is wrong, what to do and where', () => {
  const mutant = shop();
  MUTANTS.find(({ name }) => name === 'one second too little')?.mutate?.(mutant);

  expect(() => mutant.app.synth()).toThrow(
    "[waybill:visibility-timeout] The queue hides a message for 119 s, but 'Shop/ReserveHandler' may take 20 s and " +
      "its batches wait 0 s: it needs 120 s (at 'Shop/Reserve/Queue'). A message would return to the queue while " +
      "it is still being handled, and be delivered again. Raise the queue's visibility timeout, or shorten the " +
      "function's timeout or the batching window. " +
      '(https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html)',
  );
});

test('everything that is wrong is said at once', () => {
  const mutant = shop();
  for (const rule of ['starting-position', 'stream-retries']) {
    MUTANTS.find((known) => known.rule === rule)?.mutate?.(mutant);
  }

  expect(refusedBy(mutant.app)).toEqual(['starting-position', 'stream-retries']);
});

import { describe, expect, test } from 'vitest';
import { FaultRange } from '../../lib/simulator/faults/fault-range.ts';
import { explore } from './explore.ts';
import { type Budget, MODEL_STEPS, outboxModel, type Variant } from './outbox-model.ts';

const BUDGET: Budget = { messages: 2, crashes: 2, redeliveries: 2, failedSends: 1 };

describe('outbox, relay and inbox, in every order of their steps', () => {
  test('lose nothing and double nothing', () => {
    const { states, failure } = explore(outboxModel({}, BUDGET));

    expect(failure).toBeUndefined();
    expect(states).toBeGreaterThan(10_000);
  });

  test.each<[string, Variant, RegExp]>([
    ['the marker is apart from the effect', { markerApart: true }, /took effect 2 times/],
    ['the marker has no condition', { unconditional: true }, /took effect 2 times/],
    ['the inbox row expires before the last copy', { expiring: true }, /took effect 2 times/],
    ['a message is deleted before its commit', { acknowledgedFirst: true }, /took no effect/],
    ['the relay swallows a failed send', { failureSwallowed: true }, /took no effect/],
    ['the receipt is written before the send', { receiptFirst: true }, /took no effect/],
  ])('fail where %s', (_, variant, what) => {
    const { failure } = explore(outboxModel(variant, BUDGET));

    expect(failure?.what).toMatch(what);
    expect(failure?.path.length).toBeLessThanOrEqual(14);
  });

  test('take their steps by the names of the simulator', () => {
    const { faults } = new FaultRange({ queues: ['consumer'], streams: {} });

    for (const step of Object.values(MODEL_STEPS)) expect([...faults.keys()]).toContain(step);
  });
});

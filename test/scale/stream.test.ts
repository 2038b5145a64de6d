import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { SCALE_DEFAULTS } from '../../lib/contract/scale.ts';
import { type ScaleRow, scaleKey } from '../../lib/ledger/rows/scale.ts';
import { decideShards } from '../../lib/scale/shards.ts';
import { openOverload } from './overload.ts';

const SHARDS = { min: 2, max: 8 };
const scales = { 'take-payment': { doubleAbove: 1_000, halveBelow: 100, cooldown: 60_000, shards: SHARDS } };
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A subscriber of a stream that is handed records so old, of which so many come in each minute. */
function openStream(given: Parameters<typeof openOverload>[0] = {}) {
  const overload = openOverload({ ofStream: true, scales, ...given });
  const { stack } = overload;
  const stream = {
    ...overload,
    shards: () => stack.engines.kinesis.shards('orders').filter(({ closedAt }) => closedAt === undefined).length,
    factors: () => (stack.lambda?.changes ?? []).map(({ ParallelizationFactor }) => ParallelizationFactor),
    /** What was changed last was so many hours longer ago. */
    grow(hours: number): void {
      const { changedAt = 0, resharded = [], ...row } = stream.row() as ScaleRow;
      const earlier = (moment: number) => moment - hours * HOUR;
      const grown = { ...row, changedAt: earlier(changedAt), resharded: resharded.map(earlier) };
      stack.ledger.write(stack.ledger.keyOf(toItem(scaleKey('take-payment'))), toItem(grown));
    },
    async pass(minutes: number, waiting: number, age = MINUTE): Promise<void> {
      for (let minute = 0; minute < minutes; minute++) {
        stack.cloudwatch?.count({ namespace: 'AWS/Kinesis', name: 'IncomingRecords', of: 'orders' }, waiting);
        stack.cloudwatch?.count({ namespace: 'AWS/Lambda', name: 'IteratorAge', of: 'take-payment' }, age);
        await stack.advance('1m');
      }
    },
  };
  return stream;
}

describe('a subscriber of a stream that scales', () => {
  test('reads each shard with up to 10 batches at once, has its shards doubled where that does not do, and halved after hours', async () => {
    const stream = openStream();
    await stream.pass(14, 5_000);
    expect(stream.factors()).toEqual([2, 4, 8, 10]);
    expect(stream.shards()).toBe(4);
    await stream.pass(20, 5_000);
    expect([stream.shards(), stream.row()]).toEqual([8, expect.objectContaining({ shards: 8, shardsApplied: 8 })]);
    await stream.pass(10, 10);
    expect(stream.factors().slice(4)).toEqual([5, 2, 1]);
    expect(stream.shards()).toBe(8);
    for (const shards of [4, 2, 2]) {
      stream.grow(6);
      await stream.pass(3, 10);
      expect(stream.shards()).toBe(shards);
    }
    // Its retry queue is left alone.
    expect(stream.stack.lambda?.concurrencyOf('take-payment-source-0')).toBe(0);
  });

  test('takes one burst for one reading, however often CloudWatch tells of it, and asks for nothing where it tells of none', async () => {
    const stream = openStream();
    await stream.pass(1, 5_000);
    await stream.stack.advance('30m');
    expect([stream.factors(), stream.shards()]).toEqual([[], 2]);
  });

  test('counts what it is handed by itself', async () => {
    const stream = openStream();
    await stream.publish(30);
    await stream.stack.advance('2m');
    const [calls] = [stream.stack.environmentOf('scaler').usage.calls];
    expect(calls).toMatchObject({ GetQueueAttributes: 1 });
    expect(stream.row()).toMatchObject({ concurrency: 1, min: 1, max: 10, applied: 1 });
  });
});

test('shards double only where the most by shard does not do, stay within bounds, and change at most 10 times a day', () => {
  const settings = { ...SCALE_DEFAULTS, min: 1, max: 10, shards: { min: 2, max: 64 } };
  const steps = fc.array(fc.record({ exhausted: fc.boolean(), after: fc.integer({ min: 1, max: 400 }) }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(steps, (some) => {
      let row: ScaleRow | undefined;
      let at = 0;
      const changed: number[] = [];
      for (const { exhausted, after } of some) {
        at += after * MINUTE;
        const waiting = exhausted ? 200_000 : 0;
        const sharded = decideShards(row, { at, waiting, inFlight: 0 }, settings, exhausted);
        if (!sharded) continue;
        const { shards: before = 2 } = row ?? {};
        expect(sharded.shards).toBe(exhausted ? before * 2 : before / 2);
        changed.push(at);
        row = { pk: '', sk: '', rev: 1, concurrency: 1, verdict: 'hold', at, changedAt: 0, ...sharded };
        expect(changed.filter((moment) => moment > at - 24 * HOUR).length).toBeLessThanOrEqual(10);
      }
      expect(row?.shards ?? 2).toBeLessThanOrEqual(64);
    }),
  );
  expect(decideShards(undefined, { at: 0, waiting: 1e6, inFlight: 0 }, SCALE_DEFAULTS, true)).toBeUndefined();
});

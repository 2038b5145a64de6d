import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MemoryStackOptions } from '../../lib/public/testing.ts';
import { isTold, type Stall, stallAfter } from '../../lib/scale/stall.ts';
import { openOverload, SOURCE } from './overload.ts';

/** What the watcher has told of subscribers that stand still. */
const told = ({ stack }: ReturnType<typeof openOverload>) =>
  stack.environmentOf('scaler').lines.filter(({ message }) => message === 'subscriber stands still');

const watched: Partial<MemoryStackOptions> = { watched: true };

describe('a watcher', () => {
  test('tells within 15 s that nobody takes anything, with subscriber, hop and cause', async () => {
    const overload = openOverload(watched);
    await overload.stack.advance('61s');
    overload.switchTo(false);
    await overload.publish(3);
    const since = overload.stack.now;
    while (told(overload).length === 0) await overload.stack.advance('1s');
    expect(overload.stack.now - since).toBeLessThanOrEqual(15_000);
    expect(told(overload)[0]?.fields).toMatchObject({
      subscriber: 'take-payment',
      hop: 'consumer',
      cause: 'its event source is disabled',
      waiting: 3,
    });
    expect(overload.stack.environmentOf('scaler').counted.stalled).toBe(1);
    await overload.stack.advance('1m');
    expect(told(overload)).toHaveLength(2);
  });

  test('says nothing of one that handles what comes, nor of one that is paused by its breaker', async () => {
    const well = openOverload(watched);
    for (let second = 0; second < 60; second++) {
      await well.publish(1);
      await well.stack.advance('2s');
    }
    expect(told(well)).toEqual([]);
    const paused = openOverload({ ...watched, breakers: { 'take-payment': {} } });
    await paused.pause();
    await paused.publish(30);
    await paused.stack.advance('1m');
    expect(paused.stack.lambda?.isOn(SOURCE)).toBe(false);
    expect(told(paused)).toEqual([]);
  });

  test('has a backlog scaled within seconds', async () => {
    const scales = { 'take-payment': { doubleAbove: 100, halveBelow: 10, cooldown: 5_000 } };
    const overload = openOverload({ ...watched, scales });
    await overload.stack.advance('61s');
    overload.switchTo(false);
    await overload.publish(150);
    await overload.stack.advance('40s');
    expect(overload.figures()).toEqual([undefined, 4, 8, 10]);
  });
});

test('a reading by which something is handled, or nothing waits, ends a stall; else it is told at the third, and once a minute', () => {
  const readings = fc.array(fc.record({ waiting: fc.nat(2), inFlight: fc.nat(1) }), { maxLength: 80 });
  fc.assert(
    fc.property(readings, (some) => {
      let stall: Stall | undefined;
      let inRow = 0;
      for (const [index, reading] of some.entries()) {
        stall = stallAfter(stall, { at: index, ...reading });
        inRow = reading.waiting > 0 && reading.inFlight === 0 ? inRow + 1 : 0;
        expect([stall?.readings ?? 0, isTold(stall)]).toEqual([inRow, inRow % 12 === 3]);
      }
    }),
  );
});

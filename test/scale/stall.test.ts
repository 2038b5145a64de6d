import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MemoryStackOptions } from '../../lib/public/testing.ts';
import { isTold, type Stall, stallAfter } from '../../lib/scale/stall.ts';
import { openOverload, SOURCE } from './overload.ts';

/** What the watcher has told of subscribers that stand still. */
const told = ({ stack }: ReturnType<typeof openOverload>) =>
  stack.environmentOf('scaler').lines.filter(({ message }) => message === 'subscriber stands still');

/** Milliseconds that an invocation lasts, and from one reading to the next. */
const [LASTS, EVERY] = [30_000, 5_000];

/** Has SQS count so many messages that wait, and that are being handled, at each reading of the watcher. */
function counting(
  counts: (reading: number) => readonly [waiting: number, inFlight: number],
): MemoryStackOptions['wire'] {
  let reading = 0;
  return async ({ operation, from }, apply) => {
    if (from !== 'scaler' || operation !== 'GetQueueAttributes') return apply();
    const [waiting, inFlight] = counts(reading++).map(String);
    return { Attributes: { ApproximateNumberOfMessages: waiting, ApproximateNumberOfMessagesNotVisible: inFlight } };
  };
}

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

  test('tells of one whose handlers hang, once they have for longer than an invocation lasts, and not of one that is slow', async () => {
    const hanging = openOverload({ ...watched, wire: counting((reading) => [30 + reading, 20]) });
    const since = hanging.stack.now;
    while (told(hanging).length === 0 && hanging.stack.now < since + 120_000) await hanging.stack.advance('1s');
    expect(told(hanging)[0]?.fields).toMatchObject({
      subscriber: 'take-payment',
      hop: 'consumer',
      cause: expect.stringMatching(/^messages are being handled, and none has ended/),
      inFlight: 20,
    });
    const seconds = (hanging.stack.now - since) / 1_000;
    // The watcher's first reading comes within a minute.
    expect([seconds > 10, seconds <= 60 + 15]).toEqual([true, true]);

    const slow = openOverload({ ...watched, wire: counting((reading) => [30 + reading, 20 - (reading % 3)]) });
    await slow.stack.advance('3m');
    expect(told(slow)).toEqual([]);
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

test('of a queue from which nobody takes anything it is told at the third reading, and once a minute', () => {
  const readings = fc.array(fc.record({ waiting: fc.nat(2), inFlight: fc.constant(0) }), { maxLength: 80 });
  fc.assert(
    fc.property(readings, (some) => {
      let stall: Stall | undefined;
      let inRow = 0;
      for (const [index, reading] of some.entries()) {
        stall = stallAfter(stall, { at: index, ...reading });
        inRow = reading.waiting > 0 ? inRow + 1 : 0;
        expect([stall?.readings ?? 0, isTold(stall, LASTS, EVERY)]).toEqual([inRow, inRow % 12 === 3]);
      }
    }),
  );
});

test('what is being handled is a stall after an invocation’s time, as long as neither it nor all that is there becomes less', () => {
  const at = (index: number, waiting: number, inFlight: number) => ({ at: index * EVERY, waiting, inFlight });
  const toldAt = (readings: readonly (readonly [waiting: number, inFlight: number])[]) => {
    let stall: Stall | undefined;
    return readings.flatMap(([waiting, inFlight], index) => {
      stall = stallAfter(stall, at(index, waiting, inFlight));
      return isTold(stall, LASTS, EVERY) ? [index] : [];
    });
  };
  const hangs = Array.from({ length: 20 }, (_, index): [number, number] => [5 + index, 20]);
  expect(toldAt(hangs)).toEqual([6, 18]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.boolean(), (index, deleted) => {
      // One ends: fewer are being handled, or another has been taken in its place.
      const moves = hangs.with(index, deleted ? [5 + index, 19] : [4 + index - 1, 20]);
      expect(toldAt(moves).filter((one) => one < index + 6)).toEqual([]);
    }),
  );
  // Killed, and taken again: what waits becomes less, and nothing has ended.
  expect(toldAt(hangs.map(([waiting], index) => (index < 3 ? [waiting, 20] : [waiting - 4, 24 + index])))).toContain(6);
});

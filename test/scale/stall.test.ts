import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ends } from '../../lib/ledger/ends.ts';
import type { MemoryStackOptions } from '../../lib/public/testing.ts';
import { isHanging, mayStandStill, type Stall, stallAfter, told as toldOf } from '../../lib/scale/stall.ts';
import { openOverload, SOURCE } from './overload.ts';

/** What the watcher has told of subscribers that stand still. */
const told = ({ stack }: ReturnType<typeof openOverload>) =>
  stack.environmentOf('scaler').lines.filter(({ message }) => message === 'subscriber stands still');

/** Milliseconds that an invocation lasts, and from one reading to the next. */
const [LASTS, EVERY] = [30_000, 5_000];

/** Has SQS count so many messages that wait, and that are being handled, at each reading of the watcher. */
function counting(
  counts: (reading: number) => readonly [waiting: number, inFlight: number] | undefined,
): MemoryStackOptions['wire'] {
  let reading = 0;
  return async ({ operation, from, input }, apply) => {
    const { AttributeNames = [] } = input as { readonly AttributeNames?: readonly string[] };
    if (from !== 'scaler' || operation !== 'GetQueueAttributes' || AttributeNames.includes('QueueArn')) return apply();
    const counted = counts(reading++);
    if (!counted) return apply();
    const [waiting, inFlight] = counted.map(String);
    return { Attributes: { ApproximateNumberOfMessages: waiting, ApproximateNumberOfMessagesNotVisible: inFlight } };
  };
}

/** Has a message come and be handled, and so much time pass. */
async function busyFor({ stack, publish }: ReturnType<typeof openOverload>, seconds: number): Promise<void> {
  await publish(1);
  await stack.advance(`${seconds}s`);
}

const SOURCES = [0, 1].map((index) => `take-payment-source-${index}`);

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

  test('tells within 15 s of one of whose messages none ends any more, with what the slowest took, and at once no more', async () => {
    let hangs = false;
    const hanging = openOverload({
      ...watched,
      wire: counting((reading) => (hangs ? [0, 5 * (reading % 1_000)] : undefined)),
    });
    for (let second = 0; second < 70; second++) await busyFor(hanging, 1);
    hangs = true;
    const since = hanging.stack.now;
    while (told(hanging).length === 0 && hanging.stack.now < since + 60_000) await hanging.stack.advance('1s');
    expect(hanging.stack.now - since).toBeLessThanOrEqual(15_000);
    expect(told(hanging)[0]?.fields).toMatchObject({
      subscriber: 'take-payment',
      hop: 'consumer',
      cause: expect.stringMatching(
        /^messages are being handled, and none has ended for \d+ s, where the slowest before/,
      ),
    });
    expect(told(hanging)).toHaveLength(1);
  });

  test('says nothing of one that has more to take on all the time than it takes on, as long as something ends', async () => {
    const busy = openOverload({ ...watched, wire: counting((reading) => [30 + reading, 20]) });
    for (let second = 0; second < 180; second += 3) await busyFor(busy, 3);
    expect(told(busy)).toEqual([]);
    // Only where a queue may stand still is it asked what has ended: for each reading the page of a minute and shard, until one is found.
    const { Query = 0 } = busy.stack.environmentOf('scaler').usage.calls;
    expect(Query).toBeLessThanOrEqual(1_500);
  });

  test('tells of one of which nothing is known once an invocation has had its time', async () => {
    const unknown = openOverload({ ...watched, wire: counting((reading) => [30 + reading, 20]) });
    const since = unknown.stack.now;
    while (told(unknown).length === 0 && unknown.stack.now < since + 120_000) await unknown.stack.advance('1s');
    const seconds = (unknown.stack.now - since) / 1_000;
    // The watcher's first reading comes within a minute, and an invocation has 10 s.
    expect([seconds > 10, seconds <= 60 + 15 + 10]).toEqual([true, true]);
  });

  test('tells within 15 s of a subscriber of a stream that has ended messages and ends none any more, and not where nothing comes', async () => {
    const stream = openOverload({ ...watched, ofStream: true, scales: {} });
    for (let second = 0; second < 70; second++) await busyFor(stream, 1);
    await stream.stack.advance('1m');
    expect(told(stream)).toEqual([]);
    await busyFor(stream, 5);
    for (const UUID of SOURCES) stream.stack.lambda?.update({ UUID, Enabled: false });
    const since = stream.stack.now;
    while (told(stream).length === 0 && stream.stack.now < since + 60_000) await busyFor(stream, 1);
    expect(stream.stack.now - since).toBeLessThanOrEqual(15_000);
    const fields = { subscriber: 'take-payment', hop: 'consumer', cause: 'its event source is disabled' };
    expect(told(stream)[0]?.fields).toMatchObject(fields);
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

/** At which readings it is told, of readings 5 s apart, the first at 0. */
function toldAt(
  readings: readonly (readonly [waiting: number, inFlight: number])[],
  endsAt: (at: number) => Omit<Ends, 'slowest'> | undefined,
): number[] {
  let stall: Stall | undefined;
  return readings.flatMap(([waiting, inFlight], index) => {
    const at = index * EVERY;
    stall = stallAfter(stall, { at, waiting, inFlight });
    if (!mayStandStill(stall, at) || (inFlight > 0 && !isHanging(stall, at, endsAt(at), LASTS))) return [];
    stall = toldOf(stall, at);
    return [index];
  });
}

test('of a queue from which nobody takes anything it is told at the third reading, and once a minute', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2), { maxLength: 80 }), (waits) => {
      let inRow = 0;
      const expected = waits.flatMap((waiting, index) => {
        inRow = waiting > 0 ? inRow + 1 : 0;
        return inRow % 12 === 3 ? [index] : [];
      });
      const readings = waits.map((waiting): [number, number] => [waiting, 0]);
      expect(toldAt(readings, () => undefined)).toEqual(expected);
    }),
  );
});

describe('of what is being handled', () => {
  const hangs = Array.from({ length: 20 }, (_, index): [number, number] => [5 + index, 20]);
  const quick = { newest: -1_000, longest: 200 };

  test('it is told at the third reading in which nothing has ended, and once a minute', () => {
    expect(toldAt(hangs, () => quick)).toEqual([2, 14]);
    // Everybody has enough hands: nothing waits, and more and more is being handled.
    expect(
      toldAt(
        hangs.map((_, index) => [0, 3 * index]),
        () => quick,
      ),
    ).toEqual([3, 15]);
    // What waits becomes less where a killed function's messages are taken again, and nothing has ended.
    expect(
      toldAt(
        hangs.map(([waiting], index) => (index < 3 ? [waiting, 20] : [waiting - 4, 24 + index])),
        () => quick,
      ),
    ).toContain(2);
  });

  test('nothing is told as long as something ends, or for as long as three times what the slowest took', () => {
    expect(toldAt(hangs, (at) => ({ ...quick, newest: at - 7_000 }))).toEqual([]);
    expect(toldAt(hangs, () => ({ ...quick, longest: 8_000 }))).toEqual([5, 17]);
    // No longer than an invocation lasts.
    expect(toldAt(hangs, () => ({ ...quick, longest: 60_000 }))).toEqual([6, 18]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.boolean(), (index, deleted) => {
        // One ends: fewer are being handled, or another has been taken in its place.
        const moves = hangs.with(index, deleted ? [5 + index, 19] : [4 + index - 1, 20]);
        expect(toldAt(moves, () => undefined).filter((one) => one < index + 6)).toEqual([]);
      }),
    );
  });

  test('nothing is told of what failed and rests, or of one that is taken beside it', () => {
    const resting = Array.from({ length: 40 }, (_, index): [number, number] => [0, index < 7 ? 1 : 2]);
    expect(toldAt(resting, () => quick)).toEqual([]);
  });
});

import { describe, expect, test } from 'vitest';
import { Schedule } from '../../../lib/simulator/run/schedule.ts';

const scheduleFrom = (chance: () => number = () => 0) => new Schedule({ now: 1_000, chance });

describe('virtual time', () => {
  test('runs events in the order of their moments, whatever the order in which they were scheduled', async () => {
    const schedule = scheduleFrom();
    const ran: [string, number][] = [];
    for (const [name, after] of [
      ['c', 30],
      ['a', 5],
      ['d', 40],
      ['b', 20],
    ] as const) {
      schedule.after(after, () => ran.push([name, schedule.now()]));
    }

    expect(await schedule.run(2_000, 10_000)).toBe('idle');
    expect(ran).toEqual([
      ['a', 1_005],
      ['b', 1_020],
      ['c', 1_030],
      ['d', 1_040],
    ]);
  });

  test('lets the seed order what happens in one moment, and what was scheduled first go first where it does not', async () => {
    const chances = [0.9, 0.5, 0.5, 0.1];
    const schedule = scheduleFrom(() => chances.shift() ?? 0);
    const ran: string[] = [];
    for (const name of ['a', 'b', 'c', 'd']) schedule.after(10, () => ran.push(name));

    await schedule.run(2_000, 10_000);

    expect(ran).toEqual(['d', 'b', 'c', 'a']);
  });

  test('runs an event with all that follows from it before the next', async () => {
    const schedule = scheduleFrom();
    const ran: string[] = [];
    const follow = async () => {
      for (let count = 0; count < 50; count++) await Promise.resolve();
      ran.push('what follows');
    };
    schedule.after(1, () => void follow());
    schedule.after(1, () => ran.push('the next'));

    await schedule.run(2_000, 10_000);

    expect(ran).toEqual(['what follows', 'the next']);
  });

  test('stops at the moment that it is given, and goes on from there', async () => {
    const schedule = scheduleFrom();
    const woke: number[] = [];
    schedule.after(700, () => woke.push(schedule.now()));

    expect(await schedule.run(1_500, 10_000)).toBe('late');
    expect(schedule.now()).toBe(1_500);
    expect(woke).toEqual([]);
    expect(await schedule.run(2_000, 10_000)).toBe('idle');
    expect(woke).toEqual([1_700]);
  });

  test('passes over what is cancelled, and does not wait for it', async () => {
    const schedule = scheduleFrom();
    const ran: string[] = [];
    const cancelled = schedule.after(60_000, () => ran.push('cancelled'));
    schedule.after(10, () => {
      cancelled.cancelled = true;
    });

    expect(await schedule.run(100_000, 10_000)).toBe('idle');
    expect(ran).toEqual([]);
    expect(schedule.now()).toBe(1_010);
  });

  test('lets days pass at once for who only looks for work', async () => {
    const schedule = scheduleFrom();
    const day = 86_400_000;
    let polls = 0;
    const poll = async () => {
      for (;;) {
        await schedule.sleepForWork(1_000, () => (polls < 3 ? 1_000 + day : Number.POSITIVE_INFINITY));
        polls += 1;
      }
    };
    void poll();

    expect(await schedule.run(1_000 + 2 * day, 10_000)).toBe('idle');
    expect(schedule.now()).toBe(1_000 + day + 2_000);
    expect(polls).toBe(3);
  });

  test('ends what goes round in circles', async () => {
    const schedule = scheduleFrom();
    const circle = () => void schedule.after(0, circle);
    circle();

    expect(await schedule.run(2_000, 10_000)).toBe('late');
  });
});

import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { consume } from '../../../lib/consume/consume.ts';
import { BINDINGS } from '../../../lib/contract/bindings.ts';
import { defineEvent } from '../../../lib/contract/event.ts';
import { defineSubscriber } from '../../../lib/contract/subscriber.ts';
import { defineTable } from '../../../lib/contract/table.ts';
import { MemoryStack, type MemoryStackOptions, TestMisused, UnsupportedByEngine } from '../../../lib/public/testing.ts';
import { publish } from '../../../lib/publish/publish.ts';

const Lit = defineEvent('lamp.lit', {
  schema: z.object({ lamp: z.string() }),
  key: ({ lamp }) => lamp,
  businessLine: 'lamps',
});
const Watched = defineEvent('lamp.watched', { schema: Lit.schema, key: ({ lamp }) => lamp, businessLine: 'lamps' });
const Lamps = defineTable('lamps', {
  item: z.object({ lamp: z.string(), times: z.int(), at: z.number() }),
  partitionKey: 'lamp',
});
const Watch = defineSubscriber('watch', { consumes: [Lit], publishes: [Watched], tables: [Lamps] });
const Count = defineSubscriber('count', { consumes: [Watched], tables: [Lamps] });

/** One subscriber writes down each lamp and tells of it; another one does what it is given. */
function street(options: Omit<MemoryStackOptions, 'subscribers' | 'handlers'> & { count?: () => void } = {}) {
  const { count = () => undefined, ...others } = options;
  const stack: MemoryStack = new MemoryStack({
    subscribers: [Watch, Count],
    handlers: {
      watch: consume(Watch, ({ lamp }, { tx }) => {
        tx.update(Lamps, { lamp }, { create: true, add: { times: 1 }, set: { at: stack.now } });
        tx.publish(Watched, { lamp });
      }),
      count: consume(Count, count),
    },
    ...others,
  });
  const light = (lamp: string, delay = {}) => publish(Lit, { lamp }, { environment: stack.environment(), ...delay });
  return { stack, light, lamps: () => stack.rows(Lamps).map(({ lamp, times }) => [lamp, times]) };
}

const ended = (stack: MemoryStack) => stack.ledger.rows().filter(({ pk }) => String(pk).startsWith('in#')).length;

describe('A stack in memory', () => {
  test('carries what was published to whoever consumes it, and what they publish in turn', async () => {
    const { stack, light, lamps } = street();
    await Promise.all([light('a'), light('b')]);
    expect(lamps()).toEqual([]);
    await stack.settle();
    expect(lamps()).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    expect(ended(stack)).toBe(4);
  });

  test('carries it by a stream where a subscriber reads one', async () => {
    const { stack, light, lamps } = street({ streams: { lights: [Watch] } });
    await light('a');
    await stack.settle();
    expect(stack.engines.kinesis.records('lights')).toHaveLength(1);
    expect(lamps()).toEqual([['a', 1]]);
  });

  test('runs only the functions that it is asked to', async () => {
    const { stack, light, lamps } = street();
    await light('a');
    await stack.settle('relay');
    expect(stack.queues.get('watch')?.messages()).toHaveLength(1);
    expect(lamps()).toEqual([]);
    await expect(stack.invoke('nobody')).rejects.toThrow(TestMisused);
  });

  test.for([
    ['swept', {}],
    ['fired by a schedule of its own', { schedules: {} }],
  ] as const)('delivers a message in its moment, %s', async ([, options]) => {
    const { stack, light } = street(options);
    const deliverAt = stack.now + 2 * 3_600_000 + 1_234;
    await light('a', { deliverAt: new Date(deliverAt) });
    await stack.advance('2h');
    expect(stack.rows(Lamps)).toEqual([]);
    await stack.advance('1m');
    expect(stack.rows(Lamps)).toEqual([{ lamp: 'a', times: 1, at: expect.any(Number) }]);
    expect(Math.abs((stack.rows(Lamps)[0]?.at ?? 0) - deliverAt)).toBeLessThan(1_000);
  });

  test('delivers again what failed, and gives it up in the end', async () => {
    let runs = 0;
    const { stack, light } = street({
      count: () => {
        runs += 1;
        throw new RangeError('too many lamps');
      },
    });
    await light('a');
    await stack.settle();
    // The second attempt is made at once.
    expect(runs).toBe(2);
    await stack.advance('4h');
    expect(runs).toBe(11);
    expect(await stack.deadLetters('count')).toMatchObject([{ subscriber: 'count', reason: 'attempts-exhausted' }]);
    expect(await stack.deadLetters('watch')).toEqual([]);
  });

  test('has its wire lose answers, and its reconciler heal what they did', async () => {
    let lost = 0;
    const { stack, light, lamps } = street({
      wire: async ({ from, operation }, apply) => {
        // The relay is told that its copy was sent, which it never was.
        if (from === 'relay' && operation === 'SendMessageBatch' && lost++ === 0) return { Successful: [{ Id: '0' }] };
        return apply();
      },
    });
    await light('a');
    await stack.settle();
    expect(lamps()).toEqual([]);
    await stack.advance('10m');
    expect(lamps()).toEqual([['a', 1]]);
  });

  test('runs another handler in place of one of its own', async () => {
    const events: object[] = [];
    const handlers = { relay: async (event: never) => void events.push(event) };
    const stack = new MemoryStack({ subscribers: [Watch], handlers });
    await publish(Lit, { lamp: 'a' }, { environment: stack.environment() });
    await stack.settle();
    expect(events).toMatchObject([{ Records: [{ eventName: 'INSERT' }] }]);
    expect(stack.queues.get('watch')?.messages()).toEqual([]);
  });

  test('gives an environment the bindings of a subscriber that it has', () => {
    const { stack } = street();
    const { variables } = stack.environment({ subscriber: 'watch' });
    expect(variables[BINDINGS.queueUrl]).toBe(stack.queues.get('watch')?.url);
    expect(stack.environment().variables[BINDINGS.queueUrl]).toBeUndefined();
    expect(() => stack.environment({ subscriber: 'nobody' })).toThrow(TestMisused);
  });

  test('tells of what a handler asks and no engine does, rather than try again', async () => {
    const scan = () => {
      throw new UnsupportedByEngine('The engine in memory does not know Scan');
    };
    const { stack, light } = street({
      wire: async ({ from }, apply) => (from === 'watch' ? scan() : apply()),
    });
    await light('a');
    await expect(stack.settle()).rejects.toThrow('Scan');
  });

  test('is the same for the same seed', async () => {
    const rows = async (seed: number) => {
      const { stack, light } = street({ seed });
      await Promise.all([light('a'), light('b')]);
      await stack.advance('5m');
      return stack.ledger.rows();
    };
    expect(await rows(5)).toEqual(await rows(5));
    expect(await rows(5)).not.toEqual(await rows(6));
  });
});

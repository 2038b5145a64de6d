import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { consume } from '../../lib/consume/consume.ts';
import { type Duration, durationToMilliseconds } from '../../lib/contract/duration.ts';
import { InvalidDefinition } from '../../lib/contract/errors.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { Anything, anything, OrderPlaced, thrownBy } from '../message/samples.ts';

/** What JavaScript users write, whom no compiler stops. */
const event = (type: string, given: object = {}) =>
  defineEvent(type, { schema: anything(), key: () => 'k', businessLine: 'orders', ...given });
const table = (name: string, given: object = {}) =>
  defineTable(name, {
    item: z.object({ sku: z.string(), at: z.int(), version: z.int() }),
    partitionKey: 'sku',
    ...given,
  });
const subscriber = (name: string, given: object = {}) => defineSubscriber(name, { consumes: [OrderPlaced], ...given });

function refused(define: () => unknown): string {
  const error = thrownBy(define);
  expect(error).toBeInstanceOf(InvalidDefinition);
  return (error as InvalidDefinition).message;
}

describe('an event', () => {
  it('has defaults: version 1, and a lifetime of 14 days', () => {
    expect(event('order.placed')).toMatchObject({
      type: 'order.placed',
      version: 1,
      businessLine: 'orders',
      lifetime: 14 * 86_400_000,
    });
    expect(event('order.placed')).not.toHaveProperty('upgrade');
  });

  it.each(['order', 'order.placed', 'order-placed', 'a1.b2-c3', 'x'.repeat(128)])('may be called %s', (type) => {
    expect(event(type).type).toBe(type);
  });

  it.each([
    '',
    'Order.placed',
    'order placed',
    'order_placed',
    '.order',
    'order.',
    'order..placed',
    '1order',
    'order#placed',
    'commande.passée',
    'x'.repeat(129),
  ])('may not be called "%s"', (type) => {
    expect(refused(() => event(type))).toContain("e.g. 'order.placed'");
  });

  it.each(['', 'Orders', 'my orders', 'orders.eu', 'orders#1', '-orders', 'x'.repeat(65)])(
    'has no business line "%s"',
    (businessLine) => {
      expect(refused(() => event('order.placed', { businessLine }))).toContain('is not a business line');
    },
  );

  it.each([undefined, null, 7])('says what was given for a name or a business line: %s', (given) => {
    expect(refused(() => event(given as never))).toContain(`'${given}' is not an event type`);
    expect(refused(() => event('order.placed', { businessLine: given }))).toContain(
      `'${given}' of 'order.placed' is not a business line`,
    );
  });

  it('has a function for a key', () => {
    expect(refused(() => event('order.placed', { key: undefined }))).toContain('key: (order) => order.orderId');
    expect(refused(() => event('order.placed', { key: 'orderId' }))).toContain("'order.placed' has string for a key");
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1'])('has no version %s', (version) => {
    expect(refused(() => event('order.placed', { version }))).toContain('give a whole number from 1');
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a function that validates', () => true],
    ['JSON Schema', { type: 'object' }],
    ['a schema of zod before 3.24', { parse: () => 1, safeParse: () => 1 }],
  ])('has no schema that is no Standard Schema: %s', (_, schema) => {
    expect(refused(() => event('order.placed', { schema }))).toContain('Standard Schema');
  });

  it('needs upgrades from the version before, once it has a second one', () => {
    const by = (old: unknown) => old;
    const second = event('order.placed', { version: 2, upgrades: { from: event('order.placed'), by } });
    expect(second).toMatchObject({ version: 2, upgrade: { from: { version: 1 } } });

    const misuses = [
      { version: 2 },
      { version: 3, upgrades: { from: event('order.placed'), by } },
      { version: 2, upgrades: { from: event('order.sent'), by } },
      { version: 2, upgrades: { from: second, by } },
      { version: 1, upgrades: { from: event('order.placed'), by } },
    ];
    for (const misuse of misuses)
      expect(refused(() => event('order.placed', misuse))).toContain('`upgrades` from version');
  });

  it('has a lifetime that is a duration', () => {
    expect(event('order.placed', { lifetime: '1h' }).lifetime).toBe(3_600_000);
    expect(refused(() => event('order.placed', { lifetime: 'forever' }))).toContain('is not a duration');
  });
});

describe('a table', () => {
  it('says no more than it was told', () => {
    expect(table('stock')).toEqual({ name: 'stock', item: expect.anything(), partitionKey: 'sku' });
    expect(table('stock', { sortKey: 'at', version: 'version' })).toMatchObject({ sortKey: 'at', version: 'version' });
  });

  it.each(['', 'Stock', 'stock levels', 'stock_levels', 'stock-', '1stock', 'stock#1', 'x'.repeat(65)])(
    'may not be called "%s"',
    (name) => {
      expect(refused(() => table(name))).toContain('is not a table name');
    },
  );

  it.each([{ sortKey: 'sku' }, { version: 'sku' }, { sortKey: 'at', version: 'at' }])(
    'uses no column twice: %o',
    (columns) => {
      expect(refused(() => table('stock', columns))).toContain('one column twice');
    },
  );

  it('has rows of a Standard Schema', () => {
    expect(refused(() => table('stock', { item: { sku: 'S' } }))).toContain('Standard Schema');
  });
});

describe('a subscriber', () => {
  it('has defaults: nothing published, no tables, a deadline of 60 s, 11 attempts', () => {
    expect(subscriber('reserve-stock')).toEqual({
      name: 'reserve-stock',
      consumes: [OrderPlaced],
      publishes: [],
      tables: [],
      effects: [],
      deadline: 60_000,
      retry: { attempts: 11, longest: 900 },
    });
  });

  it.each([
    ['consumes', { consumes: [OrderPlaced, undefined] }, 'consumes undefined as event 2 of 2'],
    ['publishes', { publishes: [undefined] }, 'publishes undefined as event 1 of 1'],
    ['tables', { tables: [undefined] }, 'uses undefined as table 1 of 1'],
    ['no list', { consumes: undefined }, 'consumes nothing'],
  ])('names what a circular import left undefined: %s', (_, given, said) => {
    const message = refused(() => subscriber('reserve-stock', given));
    expect(message).toContain(`'reserve-stock' ${said}`);
    if (said !== 'consumes nothing') expect(message).toContain('in a circle');
  });

  it('has a handler that is a function, and is there itself', () => {
    const reserve = subscriber('reserve-stock');
    expect(refused(() => consume(reserve, undefined as never))).toContain(
      "'reserve-stock' has no handler for 'order.placed': it is undefined",
    );
    expect(refused(() => consume(undefined as never, () => undefined))).toContain('was given no subscriber');
  });

  it.each(['', 'Reserve', 'reserve stock', 'reserve_stock', 'reserve#1', '-reserve', 'x'.repeat(49)])(
    'may not be called "%s": the name is a part of keys',
    (name) => {
      expect(refused(() => subscriber(name))).toContain('is not a subscriber name');
    },
  );

  it('consumes something', () => {
    expect(refused(() => subscriber('idle', { consumes: [] }))).toContain('consumes nothing');
  });

  it.each([
    ['an event', { consumes: [OrderPlaced, Anything, OrderPlaced] }, "consumes 'order.placed' twice"],
    ['two versions of an event', { consumes: [Anything, { ...Anything, version: 2 }] }, "consumes 'anything' twice"],
    ['what it publishes', { publishes: [Anything, Anything] }, "publishes 'anything' twice"],
    ['a table', { tables: [table('stock'), table('stock')] }, "uses table 'stock' twice"],
  ])('names nothing twice: %s', (_, given, message) => {
    expect(refused(() => subscriber('twice', given))).toContain(message);
  });

  it.each([0, 51, 1.5, -1, Number.NaN])('does not try %s times', (attempts) => {
    expect(refused(() => subscriber('stubborn', { retry: { attempts } }))).toContain('from 1 to 50');
  });

  it.each(['999ms', '12h'])('does not wait for %s', (longest) => {
    expect(refused(() => subscriber('patient', { retry: { longest } }))).toContain("from '1s' to '11h'");
  });

  it('names what `retry` does not know', () => {
    expect(refused(() => subscriber('typo', { retry: { maxAttempts: 3 } }))).toContain("with 'maxAttempts'");
  });

  it('has a deadline that is a duration', () => {
    expect(subscriber('slow', { deadline: '15m' }).deadline).toBe(900_000);
    expect(refused(() => subscriber('slow', { deadline: '0s' }))).toContain('is not a duration');
  });
});

describe('a duration', () => {
  it.each([
    ['1ms', 1],
    ['500ms', 500],
    ['1.5s', 1_500],
    ['15m', 900_000],
    ['24h', 86_400_000],
    ['14d', 1_209_600_000],
    ['0.5d', 43_200_000],
    ['36500d', 3_153_600_000_000],
  ] satisfies [Duration, number][])('of %s is %i ms', (duration, milliseconds) => {
    expect(durationToMilliseconds(duration)).toBe(milliseconds);
  });

  it.each([
    '',
    '1',
    's',
    '0s',
    '0.1ms',
    '-1s',
    '1e3s',
    '1 s',
    ' 1s',
    '1s ',
    '1s\n',
    '1S',
    '1w',
    '.5s',
    '1.s',
    '0x1s',
    'Infinityd',
    '36501d',
    `${'9'.repeat(400)}d`,
  ])('is not "%s"', (text) => {
    expect(refused(() => durationToMilliseconds(text as Duration))).toContain('is not a duration');
  });

  it('is exact for whole numbers of any unit', () => {
    const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 36_500 }), fc.constantFrom(...Object.keys(units)), (number, unit) => {
        const milliseconds = number * units[unit as keyof typeof units];
        expect(durationToMilliseconds(`${number}${unit as keyof typeof units}`)).toBe(milliseconds);
      }),
    );
  });
});

import { type } from 'arktype';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import * as mini from 'zod/mini';
import { contractChanges, snapshotOf } from '../../lib/contract/contract-snapshot.ts';
import { defineEvent, type EventDefinition } from '../../lib/contract/event.ts';
import { defineSaga } from '../../lib/contract/saga.ts';
import { defineStep } from '../../lib/contract/step.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';

type Schema = EventDefinition['schema'];

const event = (schema: Schema, lifetime: '1d' | '14d' = '14d') =>
  defineEvent('order.placed', { schema, lifetime, key: () => 'k', businessLine: 'orders' }) as EventDefinition;

/** What changed from one schema to another, as `breaking quantity`. */
const changes = (before: Schema, after: Schema) =>
  contractChanges(snapshotOf({ e: event(before) }), snapshotOf({ e: event(after) })).map(
    ({ kind, path }) => `${kind} ${path}`,
  );

const order = { orderId: z.string(), quantity: z.int().min(1), lines: z.array(z.object({ sku: z.enum(['a', 'b']) })) };
const base = z.object(order);

describe('a change of a schema', () => {
  test.each<[string, Schema, string[]]>([
    ['the same again', z.object(Object.fromEntries(Object.entries(order).reverse())), []],
    ['words about it', base.meta({ description: 'An order' }), []],
    ['a new optional field', base.extend({ note: z.string().optional() }), ['additive note']],
    ['a new field with a default', base.extend({ note: z.string().default('') }), ['additive note']],
    ['a new required field', base.extend({ note: z.string() }), ['breaking note']],
    ['a required field that is gone', base.omit({ quantity: true }), ['breaking quantity']],
    ['a required field that is optional now', base.partial({ quantity: true }), ['additive quantity']],
    ['a type', base.extend({ quantity: z.string() }), ['breaking quantity', 'additive quantity']],
    ['a wider bound', base.extend({ quantity: z.int().min(0) }), ['additive quantity']],
    ['a narrower bound', base.extend({ quantity: z.int().min(2) }), ['breaking quantity']],
    ['a pattern', base.extend({ orderId: z.string().regex(/x/) }), ['breaking orderId']],
    [
      'a longer enum, deep inside',
      base.extend({ lines: z.array(z.object({ sku: z.enum(['a', 'b', 'c']) })) }),
      ['additive lines.items.sku'],
    ],
    [
      'a shorter enum, deep inside',
      base.extend({ lines: z.array(z.object({ sku: z.enum(['a']) })) }),
      ['breaking lines.items.sku'],
    ],
    ['no other fields any more', z.strictObject(order), ['breaking ']],
  ])('%s', (_, after, expected) => {
    expect([...new Set(changes(base, after))]).toEqual([...new Set(expected)]);
  });

  test('is told by every library that tells JSON Schema', () => {
    const wider = { orderId: mini.string(), note: mini.optional(mini.string()) };
    expect(changes(mini.object({ orderId: mini.string() }), mini.object(wider))).toEqual(['additive note']);
    expect(changes(type({ orderId: 'string' }), type({ orderId: 'string', note: 'string' }))).toEqual([
      'breaking note',
    ]);
  });
});

test('all events of a module are found: alone, listed, of subscribers, and what they upgrade from', () => {
  const schema = z.object({ id: z.string() });
  const rest = { schema, key: () => 'k', businessLine: 'orders' };
  const First = defineEvent('a', rest);
  const Second = defineEvent('a', { ...rest, version: 2, upgrades: { from: First, by: (old) => old } });
  const Subscriber = defineSubscriber('s', { consumes: [Second], publishes: [defineEvent('b', rest)] });
  const found = snapshotOf({ Subscriber, list: [defineEvent('c', rest)], other: 'text', none: null });
  expect(Object.keys(found)).toEqual(['a@1', 'a@2', 'b@1', 'c@1']);
});

test('what a saga tells, waits for and ends with is its contract, too', () => {
  const order = z.object({ id: z.string() });
  const rest = { key: ({ id }: { readonly id: string }) => id, businessLine: 'orders' };
  const sagaOf = (approved: z.ZodBoolean | z.ZodString) =>
    defineSaga('buy', { input: order, key: rest.key })
      .step('pack', defineStep('pack', { input: order }), ({ input }) => ({ id: input.id }))
      .waitFor('word', defineEvent('order.decided', { schema: order.extend({ approved }), ...rest }), {
        where: (event) => event.id,
        is: ({ input }) => input.id,
        within: '7d',
      })
      .ends({ completed: defineEvent('order.bought', { schema: order, ...rest }) });
  const before = snapshotOf({ saga: sagaOf(z.boolean()) });
  expect(Object.keys(before)).toEqual([
    'order.bought@1',
    'order.decided@1',
    'saga.buy@1',
    'step.pack.answer@1',
    'step.pack.undo@1',
    'step.pack@1',
  ]);
  // An execution that waits selects from what comes after the deploy.
  expect(contractChanges(before, snapshotOf({ saga: sagaOf(z.string()) }))).toMatchObject([
    { event: 'order.decided@1', kind: 'breaking', path: 'approved' },
  ]);
});

test('a lifetime that changes, and an event that is gone, break the contract', () => {
  const [long, short] = [snapshotOf({ e: event(base) }), snapshotOf({ e: event(base, '1d') })];
  expect(contractChanges(long, short)).toMatchObject([{ event: 'order.placed@1', kind: 'breaking' }]);
  expect(contractChanges(long, {})).toMatchObject([{ kind: 'breaking', what: expect.stringContaining('gone') }]);
  expect(contractChanges({}, long)).toMatchObject([{ kind: 'additive', what: 'the event is new' }]);
});

test('what cannot be compared is refused by name', () => {
  expect(() => snapshotOf({})).toThrow('exports no event');
  expect(() => snapshotOf({ one: event(base), other: event(z.object({})) })).toThrow('is defined twice');
  const untold = { '~standard': { version: 1 as const, vendor: 'theirs', validate: (value: unknown) => ({ value }) } };
  expect(() => snapshotOf({ e: event(untold) })).toThrow("The schema of 'order.placed' tells no JSON Schema");
});

import { describe, expect, test } from 'vitest';
import { defineEvent } from 'waybill';
import { z } from 'zod';
import { defineSaga } from '../../lib/contract/saga.ts';
import { compileSaga } from '../../lib/machine/compile.ts';
import { Charge, Notify, Order, PlaceOrder, Reserve, Ship } from '../saga/order-saga.ts';

const options = { table: 'ledger' };
const begin = (key = (order: z.output<typeof Order>) => order.orderId) => defineSaga('one', { input: Order, key });

describe('a saga of three steps', () => {
  const { forward, unwind } = compileSaga(PlaceOrder, options);

  test('is this state machine', () => {
    expect(forward).toMatchSnapshot();
  });

  test('is undone from the last step to the first, and waits where that fails', () => {
    const way = ['undo ship', 'undo charge', 'undo reserve', 'compensated'];
    for (const [index, name] of way.slice(0, -1).entries()) {
      expect(unwind.States[name]?.Next).toBe(way[index + 1]);
      expect(unwind.States[name]?.Catch?.[0]?.Next).toBe(name.replace('undo', 'stuck undoing'));
    }
    expect(unwind.States.begin?.Next).toBe('undo ship');
  });

  test('undoes the step that has failed too', () => {
    expect(forward.States.ship?.Catch?.at(-1)?.Next).toBe('undo ship');
    expect(forward.States.charge?.Catch?.map(({ Next }) => Next)).toEqual(['stuck at charge', 'undo charge']);
  });

  test('gives every task a time limit, and every task of a step Retry and Catch', () => {
    const tasks = Object.values(forward.States).filter(({ Type }) => Type === 'Task');
    expect(tasks).toHaveLength(3 + 3 + 4 + 2);
    for (const task of tasks) {
      expect(task.TimeoutSeconds).toBeGreaterThan(0);
      expect(task.Retry?.length).toBeGreaterThan(0);
      expect(task.Catch?.length).toBeGreaterThan(0);
    }
  });

  test('names no step that needs no undoing among what is undone', () => {
    const saga = begin()
      .step('notify', Notify, ({ input }) => ({ orderId: input.orderId }))
      .ends();
    expect(Object.keys(compileSaga(saga, options).unwind.States)).toEqual(
      expect.not.arrayContaining([expect.stringContaining('undo')]),
    );
  });
});

test('steps side by side are one stage, whose failure undoes them all', () => {
  const saga = begin()
    .all({
      reserve: [Reserve, ({ input }) => ({ sku: input.sku, quantity: input.quantity })],
      notify: [Notify, ({ input }) => ({ orderId: input.orderId })],
    })
    .step('ship', Ship, ({ input, reserve }) => ({ orderId: input.orderId, receipt: reserve.hold }))
    .ends();
  const { States } = compileSaga(saga, options).forward;
  expect(States['reserve and notify']).toMatchObject({
    Type: 'Parallel',
    Branches: [{ StartAt: 'reserve' }, { StartAt: 'notify' }],
    Assign: { reserveAnswer: '{% $states.result[0] %}', notifyAnswer: '{% $states.result[1] %}' },
    Catch: [{ Next: 'undo reserve' }],
    Next: 'ship',
  });
});

describe('a selection', () => {
  const withSelection = (select: (scope: { readonly input: z.output<typeof Order> }) => unknown) =>
    compileSaga(
      begin()
        .step('notify', Notify, select as never)
        .ends(),
      options,
    );

  test.each([
    ['computes', ({ input }) => ({ orderId: `${input.orderId}!` }), /computes with 'input.orderId'/],
    ['adds', ({ input }) => ({ orderId: input.quantity + 1 }), /computes with 'input.quantity'/],
    ['calls', ({ input }) => ({ orderId: input.orderId.toUpperCase() }), /calls 'input.orderId.toUpperCase'/],
    ['spreads', ({ input }) => ({ ...input }), /lists the fields of 'input'/],
    ['chooses', ({ input }) => ({ orderId: input.quantity > 1 ? 'many' : 'one' }), /chooses by '>'/],
    ['falls back', ({ input }) => ({ orderId: input.orderId || 'none' }), /chooses by '\|\|'/],
    ['makes a list', ({ input }) => ({ orderId: [input.orderId] }), /makes a list at 'orderId'/],
    ['forgets', () => ({ orderId: undefined }), /gives undefined at 'orderId'/],
    [
      'looks ahead',
      (scope) => ({ orderId: (scope as never as { ship: { parcel: string } }).ship.parcel }),
      /selects from 'ship', which is not known then/,
    ],
  ] as [string, Parameters<typeof withSelection>[0], RegExp][])('that %s is refused', (_, select, says) => {
    expect(() => withSelection(select)).toThrow(says);
  });

  test('may take all of the input, a field of any name, an element of a list, and what it writes itself', () => {
    const saga = defineSaga('odd', {
      input: z.object({ orderId: z.string(), 'odd-name': z.array(z.object({ x: z.string() })) }),
      key: (order) => order.orderId,
    })
      .step('notify', Notify, (({ input }: { input: { 'odd-name': { x: string }[] } }) => ({
        orderId: input['odd-name'][0]?.x,
        all: input,
        fixed: { list: [1, [2]], text: 'a "quoted" ?', none: null },
      })) as never)
      .ends();
    const { Arguments } = compileSaga(saga, options).forward.States.notify ?? {};
    const { Item } = Arguments as { Item: string };
    expect(Item).toContain('"orderId": $states.context.Execution.Input.input.`odd-name`[0].`x`');
    expect(Item).toContain('"all": $states.context.Execution.Input.input,');
    expect(Item).toContain(String.raw`{"list": [1,[2]], "text": "a \"quoted\" ?", "none": null}`);
  });
});

describe('the event of an end', () => {
  const Done = defineEvent('order.done', {
    schema: z.object({ id: z.string() }),
    key: ({ id }) => id,
    businessLine: 'orders',
  });
  const ending = (select: (input: z.output<typeof Order>) => string) =>
    begin()
      .step('charge', Charge, ({ input }) => ({ orderId: input.orderId, cents: input.cents, hold: 'none' }))
      .ends({ completed: [Done, ({ input }) => ({ id: select(input) })] });

  test('has the business key of the saga', () => {
    expect(() =>
      compileSaga(
        ending((input) => input.orderId),
        options,
      ),
    ).not.toThrow();
    expect(() =>
      compileSaga(
        ending((input) => input.sku),
        options,
      ),
    ).toThrow(
      "The end 'completed' of the saga 'one' publishes 'order.done', whose business key is 'input.sku', and the saga's is 'input.orderId': give both the same field for a key, or publish it in the last step",
    );
  });
});

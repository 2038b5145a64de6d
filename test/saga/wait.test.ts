import { beforeEach, describe, expect, test } from 'vitest';
import { defineEvent, defineSaga, defineStep } from 'waybill';
import { consumeStep, publish } from 'waybill/runtime';
import { MemoryStack, type MemoryStackOptions } from 'waybill/testing';
import { z } from 'zod';
import { sagaPartition } from '../../lib/ledger/rows/saga.ts';

const key = ({ orderId }: { readonly orderId: string }) => orderId;
const Decided = defineEvent('order.decided', {
  schema: z.object({ orderId: z.string(), approved: z.boolean(), by: z.string() }),
  key,
  businessLine: 'orders',
});
const Prepare = defineStep('prepare', { input: z.object({ orderId: z.string() }) });
const Carry = defineStep('carry', {
  input: z.object({ approved: z.boolean(), by: z.string() }),
  undo: 'none',
});
const input = z.object({ orderId: z.string() });
const begun = () =>
  defineSaga('approve', { input, key }).step('prepare', Prepare, (known) => ({ orderId: known.input.orderId }));
const Strict = begun()
  .waitFor('decision', Decided, { where: (event) => event.orderId, is: (known) => known.input.orderId, within: '3d' })
  .step('carry', Carry, ({ decision }) => ({ approved: decision.approved, by: decision.by }))
  .ends();
const Lenient = begun()
  .waitFor('decision', Decided, {
    where: (event) => event.orderId,
    is: (known) => known.input.orderId,
    within: '20d',
    otherwise: { orderId: '-', approved: false, by: 'nobody' },
  })
  .step('carry', Carry, ({ decision }) => ({ approved: decision.approved, by: decision.by }))
  .ends();

let done: string[];
beforeEach(() => {
  done = [];
});

const handlers = {
  prepare: consumeStep(Prepare, {
    run: ({ orderId }) => {
      done.push(`prepared ${orderId}`);
    },
    undo: ({ orderId }) => {
      done.push(`undid ${orderId}`);
    },
  }),
  carry: consumeStep(Carry, {
    run: ({ approved, by }) => {
      done.push(`${approved ? 'approved' : 'declined'} by ${by}`);
    },
  }),
};

function office(options: MemoryStackOptions = {}): MemoryStack {
  return new MemoryStack({ subscribers: [Prepare, Carry], handlers, sagas: [Strict], ...options });
}

const start = (stack: MemoryStack, orderId = '1') => publish(Strict, { orderId }, { environment: stack.environment() });
const decide = (stack: MemoryStack, orderId = '1', by = 'Ada') =>
  publish(Decided, { orderId, approved: true, by }, { environment: stack.environment() });

const DAY_MS = 86_400_000;

/** Lets days pass without what each minute of them would do. */
async function letPass(stack: MemoryStack, milliseconds: number): Promise<void> {
  await stack.clock.advance(milliseconds);
  await stack.advance('1m');
}

function rowsOf(stack: MemoryStack, execution: string) {
  const rows = stack.ledger.items().filter(({ pk }) => pk?.S === sagaPartition(execution));
  return Object.fromEntries(rows.map(({ sk, state }) => [sk?.S, state?.S ?? 'started']));
}

describe('a saga that waits for an event', () => {
  test('goes on with it when it comes, and selects from it', async () => {
    const stack = office();
    const { id } = await start(stack);
    await stack.advance('10m');
    expect(rowsOf(stack, id)).toEqual({ '#start': 'started', prepare: 'done', decision: 'waiting' });
    await decide(stack, 'another');
    await stack.advance('1m');
    expect(done).toEqual(['prepared 1']);

    await decide(stack);
    await stack.advance('1m');
    expect(done).toEqual(['prepared 1', 'approved by Ada']);
    expect(rowsOf(stack, id)).toMatchObject({ decision: 'done', '#end': 'completed' });
    // Two steps, a wait, the end and the beginning.
    expect(stack.stepFunctions?.executions[0]?.transitions).toBe(3 + 2);
  });

  test('keeps one that comes before it waits', async () => {
    const stack = office();
    await decide(stack);
    await letPass(stack, DAY_MS);
    const { id } = await start(stack);
    await stack.advance('1m');
    expect(done).toEqual(['prepared 1', 'approved by Ada']);
    expect(rowsOf(stack, id)).toMatchObject({ decision: 'done', '#end': 'completed' });
  });

  test('is undone when it does not come in time, and pays no heed to one that comes then', async () => {
    const stack = office();
    const { id } = await start(stack);
    await stack.advance('1m');
    await letPass(stack, 3 * DAY_MS);
    expect(done).toEqual(['prepared 1', 'undid 1']);
    expect(rowsOf(stack, id)).toMatchObject({ prepare: 'undone', '#end': 'compensated' });
    await decide(stack);
    await stack.advance('1m');
    expect(done).toEqual(['prepared 1', 'undid 1']);
    expect(await stack.deadLetters('wait-approve')).toEqual([]);
  });

  test('goes on with what it has for that case', async () => {
    const stack = office({ sagas: [Lenient] });
    await publish(Lenient, { orderId: '1' }, { environment: stack.environment() });
    await stack.advance('1m');
    await letPass(stack, 20 * DAY_MS);
    expect(done).toEqual(['prepared 1', 'declined by nobody']);
  });

  test('hears an event that comes when no message lives any more of those that were there', async () => {
    const stack = office({ sagas: [Lenient] });
    await publish(Lenient, { orderId: '1' }, { environment: stack.environment() });
    await stack.advance('1m');
    await letPass(stack, 18 * DAY_MS);
    const command = stack.ledger
      .items()
      .find(({ pk, type }) => pk?.S?.startsWith('out#') && type?.S === 'step.wait-approve');
    expect(Number(command?.ttl?.N) * 1_000).toBeGreaterThan(stack.now + 2 * DAY_MS);
    await decide(stack);
    await stack.advance('1m');
    expect(done).toEqual(['prepared 1', 'approved by Ada']);
  });

  test('takes the first of several, which is for one execution alone', async () => {
    const stack = office();
    await start(stack);
    await stack.advance('1m');
    await decide(stack, '1', 'Ada');
    await decide(stack, '1', 'Grace');
    await stack.advance('1m');
    expect(done).toEqual(['prepared 1', 'approved by Ada']);

    const { id: second } = await start(stack);
    await stack.advance('1m');
    expect(rowsOf(stack, second)).toMatchObject({ decision: 'waiting' });
    const { id: third } = await start(stack);
    await stack.advance('1m');
    expect(rowsOf(stack, third)).toMatchObject({ decision: 'refused', prepare: 'undone', '#end': 'compensated' });
    await decide(stack, '1', 'Joan');
    await stack.advance('1m');
    expect(rowsOf(stack, second)).toMatchObject({ decision: 'done', '#end': 'completed' });
  });

  test('goes on once, however the event and the command to wait overlap, and whoever dies meanwhile', async () => {
    for (let nth = 0; nth < 24; nth++) {
      done = [];
      let requests = 0;
      const stack = office({
        seed: nth + 1,
        wire: async ({ from }, apply) => {
          if (from !== 'wait-approve' || requests++ !== nth) return apply();
          // Every other time the process dies when the request was carried out.
          if (nth % 2 === 1) apply();
          throw Object.assign(new Error('it died'), { name: 'TimeoutError', $fault: 'server', $metadata: {} });
        },
      });
      await Promise.all([decide(stack), start(stack)]);
      await stack.advance('5m');
      expect({ nth, done }).toEqual({ nth, done: ['prepared 1', 'approved by Ada'] });
    }
  });

  test('dead-letters an event that does not say whose it is', async () => {
    const stack = office({
      sagas: [
        begun()
          .waitFor('decision', Decided, {
            where: (event) => event.by,
            is: (known) => known.input.orderId,
            within: '1d',
          })
          .ends(),
      ],
    });
    await decide(stack, '1', '');
    await stack.advance('1m');
    const letters = await stack.deadLetters('wait-approve');
    expect(letters.map(({ reason }) => reason)).toEqual(['rejected']);
  });
});

describe('a wait is refused at its declaration', () => {
  const waiting = (options: object, event: unknown = Decided) =>
    begun().waitFor('decision', event as typeof Decided, {
      where: (decided) => decided.orderId,
      is: (known) => known.input.orderId,
      within: '1d',
      ...options,
    });

  test.each([
    ['without a time', { within: undefined }, 'has no `within`: say how long it waits'],
    ['for longer than an execution lasts', { within: '366d' }, "give `within` from '1s' to '300d'"],
    ['without saying whose the event is', { where: undefined }, 'does not say whose event it waits for'],
    ['with an `otherwise` that its event could not be', { otherwise: { orderId: 1 } }, 'is invalid: '],
  ])('%s', (_, options, message) => {
    expect(() => waiting(options)).toThrow(message);
  });

  test('for no event, or for one that has older versions', () => {
    expect(() => waiting({}, null)).toThrow('waits for what is no event');
    const Later = defineEvent('order.decided', {
      schema: z.object({ orderId: z.string() }),
      key,
      businessLine: 'orders',
      version: 2,
      upgrades: { from: Decided, by: ({ orderId }) => ({ orderId }) },
    });
    expect(() => waiting({}, Later)).toThrow('older versions');
  });

  test('where an event type is that of sagas and steps', () => {
    const options = { schema: z.object({ orderId: z.string() }), key, businessLine: 'orders' };
    expect(() => defineEvent('saga.approve', options)).toThrow("'saga.approve' is not to be had");
    expect(() => defineEvent('step.prepare', options)).toThrow("begin with 'step.'");
  });
});

import { describe, expect, it } from 'vitest';
import { defineEffect, defineSubscriber, Rejected } from 'waybill';
import { cancel, consume, inOrder, publish } from 'waybill/runtime';
import { MemoryStack, testLedger } from 'waybill/testing';
import * as z from 'zod/mini';
import { toItem } from '../../lib/aws/attribute.ts';
import { showOrder, skipMessage } from '../../lib/cli/order.ts';
import { blockerOf } from '../../lib/inspect/blocker.ts';
import { readFence } from '../../lib/ledger/fence.ts';
import { readGraph } from '../../lib/ledger/graph.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { routeKey } from '../../lib/ledger/rows/route.ts';
import { owedBy } from '../../lib/reconcile/owed.ts';
import { capturedContext } from '../cli/captured-context.ts';
import { Books, booking, Deposited, Project, ProjectOn, Withdrawn } from './shop.ts';

type Meet = (cents: number, attempt: number) => void;

/** A stack of one subscriber, and movements of account `a` that are published one after the other. */
function stackOf(meet: Meet = () => undefined, subscriber: typeof Project | typeof ProjectOn = Project) {
  const stack = new MemoryStack({
    subscribers: [subscriber],
    handlers: { [subscriber.name]: booking(subscriber, meet) },
  });
  const environment = stack.environment();
  const move = async (...cents: readonly number[]) => {
    const ids: string[] = [];
    for (const one of cents) {
      const event = one > 0 ? Deposited : Withdrawn;
      ids.push((await publish(event, { account: 'a', cents: one }, { environment })).id);
    }
    return ids;
  };
  const booked = (account = 'a') => stack.read(Books, { account })?.movements;
  const fence = (account = 'a') => readFence(ledgerOf(environment), subscriber.name, account);
  return { stack, environment, move, booked, fence };
}

/** Throws at the first attempts at a movement. */
function failing(cents: number, times: number): Meet {
  let left = times;
  return (one) => {
    if (one === cents && left-- > 0) throw new Error('the books are closed');
  };
}

describe('an ordered subscriber', () => {
  it('handles the messages of a key by their numbers, whatever order they come in', async () => {
    const shop = testLedger();
    const handler = booking(Project, () => undefined);
    const messages: { id: string }[] = [];
    for (const cents of [1, 2, 3]) {
      messages.push(await publish(Deposited, { account: 'a', cents }, { environment: shop.environment }));
    }
    const outcomes: string[] = [];
    for (const place of [2, 1, 0, 1, 2]) {
      outcomes.push((await shop.redeliver(handler, messages[place]?.id as string)).outcome);
    }
    expect(outcomes).toEqual(['parked', 'parked', 'handled', 'handled', 'handled']);
    expect(shop.read(Books, { account: 'a' })?.movements).toBe('1 2 3');
  });

  it('has those behind a failing message wait, parked, and go on when it is handled', async () => {
    const { stack, move, booked, fence } = stackOf(failing(1, 2));
    await move(1, -2, 3, 4);
    await stack.settle();
    expect(booked()).toBeUndefined();
    expect(await fence()).toMatchObject({ parked: 3 });
    await stack.advance('30s');
    expect(booked()).toBe('1 -2 3 4');
    expect(await fence()).toMatchObject({ n: 4, parked: 0 });
  });

  it('has those behind a dead message wait until it was redriven, and then go on in order', async () => {
    const { stack, move, booked, environment } = stackOf(failing(1, 3));
    const [first] = await move(1, 2, 3);
    await stack.advance('2m');
    expect(booked()).toBeUndefined();
    expect(await stack.deadLetters('project')).toMatchObject([{ id: first }]);
    await stack.advance('10m');
    expect(await stack.deadLetters('project')).toHaveLength(1);
    const [letter] = stack.queues.get('project-dead')?.receive(1) ?? [];
    if (letter) stack.queues.get('project')?.send(letter);
    await stack.settle();
    await stack.advance('1m');
    expect(booked()).toBe('1 2 3');
    expect(environment.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('goes on without a dead message where it is to skip', async () => {
    const { stack, move, booked } = stackOf(failing(1, 3), ProjectOn);
    await move(1, 2, 3);
    await stack.advance('2m');
    expect(booked()).toBe('2 3');
  });

  it('counts no attempt of a message whose turn has not come', async () => {
    const attempts: number[] = [];
    const fails = failing(1, 2);
    const { stack, move, booked } = stackOf((cents, attempt) => {
      fails(cents, attempt);
      if (cents === 2) attempts.push(attempt);
      if (cents === 2 && attempts.length < 2) throw new Error('nothing to withdraw from');
    });
    await move(1, 2);
    await stack.settle();
    expect(stack.ledger.rows().filter(({ pk }) => String(pk).startsWith('fail#project'))).toHaveLength(1);
    await stack.advance('30s');
    expect(booked()).toBe('1 2');
  });

  it.each([
    ['the next', 0, '2 3'],
    ['one behind it', 1, '1 3'],
    ['the last', 2, '1 2'],
  ])('passes over %s that was cancelled while they wait', async (_which, place, left) => {
    let open = false;
    const { stack, move, booked, environment } = stackOf((cents) => {
      if (!open && cents === 1) throw new Error('the books are closed');
    });
    const ids = await move(1, 2, 3);
    await stack.settle();
    expect(await cancel(ids[place] as string, { environment })).toMatchObject({ cancelled: true });
    open = true;
    await stack.advance('5m');
    expect(booked()).toBe(left);
  });

  it('begins no effect on a service outside before its turn', async () => {
    const request = { input: z.object({ cents: z.int() }), output: z.object({ cents: z.int() }) };
    const Pay = defineEffect('pay', { ...request, idempotentFor: '24h' });
    const Payer = defineSubscriber('payer', { consumes: [Deposited], effects: [Pay], ordered: { onDead: 'block' } });
    const [began, paid]: [number[], number[]] = [[], []];
    const run = (input: { readonly cents: number }) => {
      paid.push(input.cents);
      return input;
    };
    const handler = consume(
      Payer,
      async ({ cents }, { message }) => {
        began.push(cents);
        await message.effect(Pay, { cents }, { run });
      },
      { order: inOrder },
    );
    const stack = new MemoryStack({ subscribers: [Payer], handlers: { payer: handler } });
    const environment = stack.environment();
    for (const cents of [1, 2]) await publish(Deposited, { account: 'a', cents }, { environment });
    await stack.settle('relay');
    const queue = stack.queues.get('payer');
    for (const letter of (queue?.receive(2) ?? []).reverse()) {
      queue?.send(letter);
      await stack.settle();
    }
    expect(began).toEqual([2, 1, 2]);
    expect(paid).toEqual([1, 2]);
  });

  it('holds up no other key', async () => {
    const { stack, move, booked, environment } = stackOf((cents) => {
      if (cents === 1) throw new Error('the books are closed');
    });
    await move(1, 2);
    for (const cents of [3, 4]) await publish(Deposited, { account: 'b', cents }, { environment });
    await stack.settle();
    expect(booked()).toBeUndefined();
    expect(booked('b')).toBe('3 4');
  });
});

describe('a subscriber that comes late, and takes one of the types', () => {
  it('finds what it follows, and reads routes once for it', async () => {
    const Late = defineSubscriber('late', { consumes: [Withdrawn], tables: [Books], ordered: { onDead: 'block' } });
    const handler = consume(
      Late,
      async ({ cents }, { tx }) => {
        const row = await tx.get(Books, { account: 'late' });
        tx.put(Books, { account: 'late', movements: `${row?.movements ?? ''} ${cents}`, version: row?.version ?? 0 });
      },
      { order: inOrder },
    );
    const stack = new MemoryStack({ subscribers: [Late], handlers: { late: handler } });
    const environment = stack.environment();
    const key = toItem(routeKey(Withdrawn.type, Late.name));
    const route = stack.ledger.get(key);
    stack.ledger.write(stack.ledger.keyOf(key), { ...route, since: { N: String(stack.now + 1_000) } });
    const move = (event: typeof Deposited | typeof Withdrawn, cents: number) =>
      publish<typeof Deposited>(event as typeof Deposited, { account: 'a', cents }, { environment });
    await move(Withdrawn, -1);
    await move(Deposited, 2);
    await stack.advance('2s');
    for (const cents of [-3, -4, -5]) {
      await move(Deposited, 1);
      await move(Withdrawn, cents);
      await stack.settle();
    }
    expect(stack.read(Books, { account: 'late' })?.movements).toBe(' -3 -4 -5');
    expect(stack.environmentOf('late').usage.calls).toMatchObject({ Query: 1, TransactWriteItems: 4 });
  });
});

describe('what waits for its turn', () => {
  it('is named by what it waits for, and is not missing', async () => {
    const { stack, move, environment } = stackOf(failing(1, 3));
    const [first, second, third] = await move(1, 2, 3);
    await stack.advance('10m');
    const graph = await readGraph(ledgerOf(environment));
    const owed = await owedBy(ledgerOf(environment), { graph, since: stack.now - 3_600_000 });
    expect(owed.map(({ state }) => state)).toEqual(['scheduled', 'scheduled']);
    expect(owed.map(({ id }) => id).sort()).toEqual([second, third].sort());
    for (const id of [second, third]) {
      const blocker = await blockerOf(ledgerOf(environment), 'project', id as string);
      expect(blocker).toMatchObject({ id: first, number: 1, state: 'dead' });
    }
  });
});

describe('a dead message that an operator skips', () => {
  it('lets those behind it go on, and is overtaken when it is sent again', async () => {
    const { stack, move, booked, environment } = stackOf(failing(1, 3));
    const [first = '', second = ''] = await move(1, 2, 3);
    await stack.advance('2m');
    const context = capturedContext();
    const ledger = ledgerOf(environment);
    await showOrder(ledger, { subscriber: 'project', key: 'a', json: true }, context);
    expect(JSON.parse(context.stdout())).toMatchObject({
      head: { id: first, state: 'dead' },
      waiting: 2,
      parked: [{ id: second }, {}],
    });
    await skipMessage(ledger, { subscriber: 'project', id: second }, context);
    expect(context.exitCode).toBe(1);
    await skipMessage(ledger, { id: second, json: true }, context);
    expect(context.stdout()).toContain('"subscriber":null');
    const told = capturedContext();
    await showOrder(ledger, { subscriber: 'project', key: 'a' }, told);
    expect(told.stdout()).toContain(
      `Number 1 is next, and dead (attempts-exhausted: Failed 3 times, at last with Error: the books are closed): redrive or skip ${first}`,
    );
    await skipMessage(ledger, { id: first, json: true }, told);
    expect(told.stdout()).toContain('"subscriber":"project"');
    expect(told.exitCode).toBe(0);
    await stack.settle();
    expect(booked()).toBe('2 3');
    const [letter] = stack.queues.get('project-dead')?.receive(1) ?? [];
    if (letter) stack.queues.get('project')?.send(letter);
    await stack.settle();
    expect(booked()).toBe('2 3');
    expect((await stack.deadLetters('project')).at(-1)).toMatchObject({ id: first, reason: 'overtaken' });
  });
});

describe('a message that is dead at several ordered subscribers', () => {
  it('is skipped at the one that is named, and the others are listed where none is', async () => {
    const Other = defineSubscriber('other', { consumes: [Deposited], ordered: { onDead: 'block' } });
    const refuse = () => {
      throw new Rejected('closed');
    };
    const stack = new MemoryStack({
      subscribers: [Project, ProjectOn, Other],
      handlers: {
        project: booking(Project, refuse),
        'project-on': booking(ProjectOn, refuse),
        other: consume(Other, refuse, { order: inOrder }),
      },
    });
    const environment = stack.environment();
    const ledger = ledgerOf(environment);
    const { id } = await publish(Deposited, { account: 'a', cents: 1 }, { environment });
    await stack.settle();
    // One whose order goes on without what is dead is not held up.
    const skipping = skipMessage(ledger, { id }, capturedContext());
    await expect(skipping).rejects.toThrow('give one of other, project as --subscriber');
    const context = capturedContext();
    await skipMessage(ledger, { subscriber: 'other', id }, context);
    await skipMessage(ledger, { id }, context);
    expect(context.stdout().match(/Skipped at '[a-z]+'/g)).toEqual(["Skipped at 'other'", "Skipped at 'project'"]);
  });
});

describe('the price of order', () => {
  it('is 2 write units and no call where nothing waits', async () => {
    const { stack, move, booked } = stackOf();
    await move(1);
    await stack.settle();
    const { usage } = stack.environmentOf('project');
    const before: Record<string, number> = { ...usage.calls };
    const unitsBefore = usage.writeUnits;
    await move(2);
    await stack.settle();
    expect(booked()).toBe('1 2');
    const calls = Object.entries(usage.calls).map(([name, count]) => [name, count - (before[name] ?? 0)]);
    expect(Object.fromEntries(calls.filter(([, count]) => count))).toEqual({ GetItem: 1, TransactWriteItems: 1 });
    // The inbox row, the books, and the fence.
    expect(usage.writeUnits - unitsBefore).toBe(6);
  });

  it('of a message that comes early is its handling three times, that of the one before it twice, 6 units and a send', async () => {
    const { stack, move, booked } = stackOf();
    await move(1);
    await stack.settle();
    const { usage } = stack.environmentOf('project');
    const ids = await move(2, 3);
    await stack.settle('relay');
    const queue = stack.queues.get('project');
    const received = queue?.receive(2) ?? [];
    const [early, due] = [...ids].reverse().map((id) => received.find(({ body }) => body.includes(id)));
    const deliver = async (one: typeof due) => {
      const [units, calls] = [usage.writeUnits, { ...usage.calls }];
      if (one) queue?.send(one);
      await stack.settle();
      const more = (name: string) => (usage.calls[name] ?? 0) - (calls[name] ?? 0);
      return [usage.writeUnits - units, more('TransactWriteItems'), more('SendMessageBatch')];
    };
    const handling = 6;
    // Refused, and parked.
    expect(await deliver(early)).toEqual([handling + 4, 2, 0]);
    expect(booked()).toBe('1');
    // That before it is refused since one is parked, and commits; the parked one is sent, is refused once more, and commits.
    expect(await deliver(due)).toEqual([2 * handling + 2 * handling + 2, 4, 1]);
    expect(booked()).toBe('1 2 3');
  });
});

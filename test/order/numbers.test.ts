import { describe, expect, it } from 'vitest';
import { defineEvent } from 'waybill';
import { producer, publish, transact } from 'waybill/runtime';
import { type MemoryStack, MemoryStack as Stack } from 'waybill/testing';
import { z } from 'zod';
import { defineSequence } from '../../lib/contract/sequence.ts';
import { envelopeOf, type OutboxRow } from '../../lib/ledger/rows/outbox.ts';
import { type MessageOrder, readOrder } from '../../lib/message/order.ts';
import { Deposited, Withdrawn } from './shop.ts';

const movement = { account: 'a', cents: 1 };

function placeOf(stack: MemoryStack, id: string): MessageOrder {
  const envelope = stack.outbox.read(id);
  return readOrder(envelope.order ?? '');
}

describe('a message of a sequence', () => {
  it('has the number after the last one of its key, and says what came before it of each type', async () => {
    const stack = new Stack();
    const environment = stack.environment();
    const first = await publish(Deposited, movement, { environment });
    const second = await publish(Withdrawn, movement, { environment });
    const third = await publish(Withdrawn, movement, { environment });
    const other = await publish(Deposited, { ...movement, account: 'b' }, { environment });
    expect([first, second, third, other].map(({ id }) => placeOf(stack, id).number)).toEqual([1, 2, 3, 1]);
    expect(placeOf(stack, third.id)).toMatchObject({
      sequence: 'accounts',
      before: [
        { type: 'account.deposited', number: 1, id: first.id },
        { type: 'account.withdrawn', number: 2, id: second.id },
      ],
    });
  });

  it('is numbered by whoever publishes, whatever each knows', async () => {
    const stack = new Stack();
    const [one, other] = [stack.environment(), stack.environment()];
    const ids: string[] = [];
    for (const environment of [one, other, one, one, other]) {
      ids.push((await publish(Deposited, movement, { environment })).id);
    }
    await Promise.all([one, other].map(async (environment) => publish(Withdrawn, movement, { environment })));
    expect(ids.map((id) => placeOf(stack, id).number)).toEqual([1, 2, 3, 4, 5]);
    const numbers = stack.outbox
      .rows()
      .map((row: OutboxRow) => readOrder(envelopeOf(row, stack.ledger.name).order ?? '').number);
    expect(numbers.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('follows those of its own transaction', async () => {
    const stack = new Stack();
    const { ids } = await transact(
      (tx) => {
        tx.publish(Deposited, movement);
        tx.publish(Deposited, { ...movement, account: 'b' });
        tx.publish(Withdrawn, movement);
      },
      { environment: stack.environment() },
    );
    expect(ids.map((id) => placeOf(stack, id).number)).toEqual([1, 1, 2]);
    expect(placeOf(stack, ids[2] as string).before).toMatchObject([{ id: ids[0], number: 1 }]);
  });

  it('has an id that is not older than that of the message before it, whichever clock that was minted by', async () => {
    const stack = new Stack();
    const ahead = stack.environment({
      clock: { now: () => stack.now + 200_000, sleep: (ms) => stack.clock.sleep(ms) },
    });
    const behind = stack.environment();
    const first = await publish(Deposited, movement, { environment: ahead });
    const second = await publish(Deposited, movement, { environment: behind });
    expect(placeOf(stack, second.id)).toMatchObject({ number: 2, before: [{ id: first.id }] });
    expect(second.id.slice(0, 13) >= first.id.slice(0, 13)).toBe(true);
  });

  it('takes its number when its handshake or its half message commits it', async () => {
    const stack = new Stack();
    const environment = stack.environment();
    const half = await producer.prepare(Deposited, movement, { environment });
    const sent = await producer.send(Withdrawn, movement, { environment });
    const batch = await producer.sendBatch(
      [
        { event: Deposited, payload: movement },
        { event: Deposited, payload: movement },
      ],
      { environment },
    );
    const { id } = await half.commit();
    expect([sent, ...batch].map(({ state }) => state)).toEqual(['sent', 'sent', 'sent']);
    expect([sent.id, ...batch.map((one) => one.id), id].map((one) => placeOf(stack, one).number)).toEqual([1, 2, 3, 4]);
  });

  it('has one order with those of all keys where its sequence is global', async () => {
    const Audited = defineEvent('audited', {
      schema: z.object({ what: z.string() }),
      key: ({ what }) => what,
      businessLine: 'audit',
      sequence: defineSequence('audit', { scope: 'global' }),
    });
    const stack = new Stack();
    const environment = stack.environment();
    const one = await publish(Audited, { what: 'a' }, { environment });
    const other = await publish(Audited, { what: 'b' }, { environment });
    expect(placeOf(stack, other.id)).toMatchObject({ number: 2, isGlobal: true, before: [{ id: one.id }] });
  });

  it('cannot be delayed', async () => {
    const environment = new Stack().environment();
    const delayed = { environment, delay: '1m' } as never;
    await expect(publish(Deposited, movement, delayed)).rejects.toThrow(
      "'account.deposited' is in the sequence 'accounts'",
    );
  });
});

describe('the price of a number', () => {
  /** Calls and write units of what is done, once the process knows the key. */
  async function counted(
    run: (stack: MemoryStack, environment: ReturnType<MemoryStack['environment']>) => Promise<unknown>,
  ) {
    const stack = new Stack();
    const environment = stack.environment();
    await publish(Deposited, movement, { environment });
    const { usage } = environment;
    const callsOf = () => Object.values(usage.calls).reduce((sum, calls) => sum + calls, 0);
    const before = { calls: callsOf(), units: usage.writeUnits };
    await run(stack, environment);
    return { calls: callsOf() - before.calls, units: usage.writeUnits - before.units };
  }

  it('is 2 write units and no call more in a transaction, and 3 where the message would commit alone', async () => {
    const Plain = defineEvent('plain', {
      schema: z.object({ account: z.string(), cents: z.int() }),
      key: ({ account }) => account,
      businessLine: 'accounts',
    });
    const alone = (event: typeof Plain | typeof Deposited) =>
      counted((_stack, environment) => publish(event as typeof Plain, movement, { environment }));
    expect(await alone(Plain)).toEqual({ calls: 1, units: 1 });
    expect(await alone(Deposited)).toEqual({ calls: 1, units: 4 });
    const together = (event: typeof Plain | typeof Deposited) =>
      counted((_stack, environment) =>
        transact(
          (tx) => {
            tx.publish(Plain, movement);
            tx.publish(event as typeof Plain, movement);
          },
          { environment },
        ),
      );
    expect(await together(Plain)).toEqual({ calls: 1, units: 4 });
    expect(await together(Deposited)).toEqual({ calls: 1, units: 6 });
  });
});

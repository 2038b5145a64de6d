import { describe, expect, it } from 'vitest';
import { runEffect } from '../../lib/cli/effect.ts';
import { runEffectsOfCause } from '../../lib/cli/effects-of-cause.ts';
import { reconciliationTable } from '../../lib/cli/reconciliation-table.ts';
import { traceTree } from '../../lib/cli/trace-tree.ts';
import { consume } from '../../lib/consume/consume.ts';
import { EffectUndecidable } from '../../lib/contract/errors.ts';
import { unknown } from '../../lib/effect/answer.ts';
import { decideEffect } from '../../lib/effect/decide.ts';
import { publish } from '../../lib/publish/publish.ts';
import { reconcile } from '../../lib/reconcile/reconcile.ts';
import { listDead } from '../../lib/redrive/causes.ts';
import { redrive } from '../../lib/redrive/redrive.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';
import { trace } from '../../lib/trace/trace.ts';
import { capturedContext } from '../cli/captured-context.ts';
import { Charge, chargeBy, ORDER, OrderPlaced, Payments, Provider, TakePayment } from './payments.ts';

const subscriber = TakePayment.name;

/** A stack in which a charge was begun whose provider cannot tell what became of it. */
async function withUnknownCharge({ key, fails = true }: { readonly key?: string; readonly fails?: boolean } = {}) {
  const provider = new Provider();
  const isLost = { value: fails };
  const order = { ...ORDER };
  const handler = consume(TakePayment, async (_, { tx, message }) => {
    const charge = await message.effect(
      Charge,
      order,
      chargeBy(provider, {
        ...(key && { key }),
        run: (input, { key }) => {
          if (isLost.value) throw new Error('socket hang up');
          return provider.charge(key, input.cents);
        },
        verify: () => unknown(),
      }),
    );
    tx.put(Payments, { orderId: order.orderId, chargeId: charge.id });
  });
  const clock = new VirtualClock({ now: Date.UTC(2026, 0, 1), jumps: true });
  const stack = new MemoryStack({ subscribers: [TakePayment], handlers: { [subscriber]: handler }, clock });
  const environment = stack.environment();
  const { id } = await publish(OrderPlaced, order, { environment });
  await stack.settle();
  return { stack, clock, environment, id, provider, isLost, order };
}

/** Until the last attempt has failed, as long as the default policy takes. */
const EXHAUSTED = '3h';

describe('an effect of which nobody knows', () => {
  it('ends its message as dead, and an operator who says that it was done gives the handler its answer', async () => {
    const { stack, environment, id } = await withUnknownCharge();
    await stack.advance(EXHAUSTED);
    expect(await stack.deadLetters(subscriber)).toMatchObject([{ id, reason: 'effect-unknown' }]);

    await decideEffect(id, { kind: 'done', answer: { id: 'ch_1' } }, { subscriber, environment });
    const [letter] = stack.queues.get(`${subscriber}-dead`)?.receive(1) ?? [];
    if (letter) stack.queues.get(subscriber)?.send({ id: letter.id, body: letter.body, attributes: letter.attributes });
    await stack.settle();
    expect(stack.rows(Payments)).toEqual([{ orderId: '1', chargeId: 'ch_1' }]);
  });

  it('is run again once an operator says that it was not done', async () => {
    const { stack, clock, environment, id, isLost, provider } = await withUnknownCharge();
    isLost.value = false;
    clock.pass(60_000);
    await decideEffect(id, { kind: 'notDone' }, { subscriber, environment });
    await stack.advance('15m');
    expect(provider.charges).toHaveLength(1);
    expect(stack.rows(Payments)).toHaveLength(1);
  });

  it('with a key of its own is found by the message, too', async () => {
    const { stack, clock, environment, id } = await withUnknownCharge({ key: '1_1' });
    clock.pass(60_000);
    await decideEffect(id, { kind: 'done', answer: { id: 'ch_1' } }, { subscriber, environment });
    await stack.advance('15m');
    expect(stack.rows(Payments)).toEqual([{ orderId: '1', chargeId: 'ch_1' }]);
  });

  it('may be asked for otherwise once an operator accepts it', async () => {
    const { stack, clock, environment, id, order } = await withUnknownCharge();
    order.cents += 1;
    await decideEffect(id, { kind: 'acceptInput' }, { subscriber, environment });
    clock.pass(60_000);
    await decideEffect(id, { kind: 'done', answer: { id: 'ch_1' } }, { subscriber, environment });
    await stack.advance('15m');
    expect(stack.rows(Payments)).toEqual([{ orderId: '1', chargeId: 'ch_1' }]);
  });

  it('is not decided where there is none, or where it is done', async () => {
    const { stack, environment, id } = await withUnknownCharge({ fails: false });
    await expect(decideEffect(id, { kind: 'notDone' }, { subscriber, environment })).rejects.toThrow(/is done/);
    const other = decideEffect(id, { kind: 'notDone' }, { subscriber, effect: 'refund', environment });
    await expect(other).rejects.toThrow(
      new EffectUndecidable(`'${id}' has begun no effect 'refund' at 'take-payment'`),
    );
    await stack.settle();
  });
});

describe('the trace of a message', () => {
  const inspection = { ledger: 'waybill-ledger', shards: 2 };

  it.each([
    [{ fails: false }, 'done', 'effect charge: done'],
    [{ fails: true }, 'unknown', 'effect charge: nobody knows whether it was done'],
    [{ fails: true, key: '1_1' }, 'unknown', 'effect charge: nobody knows whether it was done'],
  ] as const)('shows its effects: %j', async (options, state, line) => {
    const { stack, clock, environment, id } = await withUnknownCharge(options);
    const [since] = [stack.now];
    clock.pass(60_000);
    const traced = await trace(environment, inspection, id);
    expect(traced.subscribers).toMatchObject([{ subscriber, effects: [{ name: 'charge', state }] }]);
    expect(traced.subscribers[0]?.effects?.[0]?.since).toBeLessThanOrEqual(since);
    expect(traceTree(traced, { now: stack.now }).join('\n')).toContain(line);
  });
});

describe('a message of whose effect nobody can know yet', () => {
  it('waits for a provider, by trace and reconciliation, and has not come past the queue before', async () => {
    const { stack, clock, environment, id, order } = await withUnknownCharge();
    const inspection = { ledger: 'waybill-ledger', shards: 2 };
    clock.pass(120_000);
    const traced = await trace(environment, inspection, id);
    expect(traced.subscribers).toMatchObject([{ state: 'scheduled', effects: [{ state: 'unknown' }] }]);
    expect(traceTree(traced, { now: stack.now }).join('\n')).toContain('waits for a provider, overdue by');
    const reconciliation = await reconcile(environment, { ...inspection, from: stack.now - 600_000 });
    expect(reconciliation.missing).toEqual([]);
    expect(reconciliation.lines.orders).toMatchObject({ committed: 1, scheduled: 1, waitsForProvider: 1 });
    const [heads = '', counts = ''] = reconciliationTable(reconciliation);
    const cells = counts.replace('orders', '').trim().split(/ +/);
    expect(
      Object.fromEntries(
        heads
          .trim()
          .split(/ {2,}/)
          .map((head, index) => [head, cells[index]]),
      ),
    ).toMatchObject({
      scheduled: '0',
      'waits for a provider': '1',
      missing: '0',
    });

    const { id: queued } = await publish(OrderPlaced, order, { environment });
    const lines = traceTree(await trace(environment, inspection, queued), { now: stack.now });
    expect(lines.join('\n')).toContain('no effect has begun: it has not come past the queue');
  });
});

describe('waybill effect', () => {
  it('shows how far the effects of a message have come, and decides about one', async () => {
    const { clock, environment, id } = await withUnknownCharge();
    clock.pass(60_000);
    const shown = capturedContext();
    await runEffect(environment, id, { subscriber }, shown);
    expect(shown.stdout()).toMatch(/^charge {2}unknown, begun 2026-/);
    const decided = capturedContext();
    await runEffect(environment, id, { subscriber, done: '{"id":"ch_1"}', json: true }, decided);
    expect(JSON.parse(decided.stdout())).toEqual({ id, subscriber, effect: 'charge', decision: 'done' });
    const listed = capturedContext();
    await runEffect(environment, id, { subscriber, json: true }, listed);
    expect(JSON.parse(listed.stdout())).toMatchObject({ effects: [{ name: 'charge', state: 'done' }] });
    const none = runEffect(environment, id, { subscriber, done: 'ch_1' }, capturedContext());
    await expect(none).rejects.toThrow('--done takes JSON');
  });
});

describe('waybill effect --cause', () => {
  /** Three messages of whose charge nobody knows, dead of one cause. */
  async function withDeadOfOneCause() {
    const provider = new Provider();
    const isOut = { value: true };
    const handler = consume(TakePayment, async (order, { tx, message }) => {
      const charge = await message.effect(
        Charge,
        order,
        chargeBy(provider, {
          run: (input, { key }) => {
            if (isOut.value) throw new Error('socket hang up');
            return provider.charge(key, input.cents);
          },
          verify: () => unknown(),
        }),
      );
      tx.put(Payments, { orderId: order.orderId, chargeId: charge.id });
    });
    const stack = new MemoryStack({ subscribers: [TakePayment], handlers: { [subscriber]: handler }, shards: 1 });
    const environment = stack.environment();
    for (const orderId of ['1', '2', '3']) await publish(OrderPlaced, { ...ORDER, orderId }, { environment });
    await stack.advance(EXHAUSTED);
    isOut.value = false;
    const [group] = await listDead({ subscriber, environment });
    expect(group).toMatchObject({ reason: 'effect-unknown', count: 3 });
    return { stack, environment, provider, cause: group?.cause ?? '' };
  }

  it('shows the effects of what died of it, decides about each, leaves what cannot be decided so, and a redrive ends them', async () => {
    const { stack, environment, provider, cause } = await withDeadOfOneCause();
    const shown = capturedContext();
    await runEffectsOfCause(environment, { subscriber, cause: cause.slice(0, 4), json: true }, shown);
    const { messages } = JSON.parse(shown.stdout()) as { readonly messages: readonly { readonly id: string }[] };
    const ids = messages.map(({ id }) => id);
    expect(messages).toMatchObject(ids.map(() => ({ effects: [{ name: 'charge', state: 'unknown' }] })));
    const [, , third = ''] = ids;
    await decideEffect(third, { kind: 'done', answer: { id: 'ch_9' } }, { subscriber, environment });

    const decided = capturedContext();
    await runEffectsOfCause(environment, { subscriber, cause, notDone: true, json: true }, decided);
    expect(JSON.parse(decided.stdout())).toEqual({
      subscriber,
      cause,
      decision: 'notDone',
      decided: [ids[0], ids[1]].map((id) => ({ id, effect: 'charge' })),
      left: [{ id: third, why: expect.stringContaining('is done') }],
    });
    expect(decided.exitCode).toBe(1);

    await redrive(TakePayment, { cause, environment });
    await stack.advance('10m');
    expect(provider.charges).toHaveLength(2);
    const chargeIds = stack.rows(Payments).map(({ chargeId }) => chargeId);
    expect(chargeIds.sort()).toEqual(['ch_9', 'charge-1', 'charge-2']);
  });

  it('refuses a cause of which nothing is dead', async () => {
    const { environment } = await withUnknownCharge({ fails: false });
    const none = runEffectsOfCause(environment, { subscriber, cause: 'ffff', notDone: true }, capturedContext());
    await expect(none).rejects.toThrow(new EffectUndecidable(NOTHING_DEAD));
  });
});

const NOTHING_DEAD = "Nothing at 'take-payment' is dead of a cause ffff: `waybill dead take-payment` lists what is";

import { describe, expect, test } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { treatHalf } from '../../lib/cli/half.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { prepare } from '../../lib/half/half.ts';
import { type HalfRow, halfKey } from '../../lib/ledger/rows/half.ts';
import { ORDER, OrderPlaced } from '../consume/shop.ts';
import { reconcileWorld } from '../reconcile/reconcile-world.ts';
import { capturedContext } from './captured-context.ts';

async function prepared() {
  const world = reconcileWorld({ subscribers: ['payment'] });
  const asked = world.engines.sqs.createQueue({ name: 'check-back' });
  const variables = { ...world.environment.variables, [BINDINGS.checkBackQueueUrl]: asked.url };
  const environment = { ...world.environment, variables };
  const { id } = await prepare(OrderPlaced, ORDER, { transactionId: 'debit-1', environment });
  const key = toItem(halfKey(id));
  return {
    ...world,
    id,
    asked,
    row: () => world.table.get(key),
    quarantine: () =>
      world.table.write(key, { ...world.table.get(key), quarantined: { N: String(world.clock.now()) } }),
    half: async (options = {}, of = id) => {
      const context = capturedContext();
      const resolved = { ...world.inspection, environment: world.environment, listEventSources: async () => [] };
      await treatHalf(resolved, of, options, context);
      return context.stdout();
    },
  };
}

describe('waybill half', () => {
  test('shows it, and changes nothing', async () => {
    const { half, row, id } = await prepared();
    const before = row();
    const shown = await half();
    for (const part of [`half order.placed  ${id}`, 'local transaction debit-1', 'not decided']) {
      expect(shown).toContain(part);
    }
    expect(JSON.parse(await half({ json: true }))).toMatchObject({
      half: id,
      state: 'prepared',
      transaction: 'debit-1',
    });
    expect(row()).toEqual(before);
  });

  test('--commit lets one in quarantine take effect, and shows its message', async () => {
    const { half, quarantine, row } = await prepared();
    quarantine();
    expect(await half()).toContain('unanswered since');
    const shown = await half({ commit: true });
    const message = row()?.message?.S;
    expect(shown).toContain(`committed as ${message}`);
    expect(shown).toContain(`order.placed  ${message}`);
    expect(shown).toContain('payment  → in flight');
    // Again, it says the same.
    expect(JSON.parse(await half({ commit: true, json: true }))).toMatchObject({ state: 'committed', message });
    await expect(half({ rollback: true })).rejects.toMatchObject({ code: 'half-message-decided' });
  });

  test('--rollback gives it up for good', async () => {
    const { half } = await prepared();
    expect(await half({ rollback: true })).toContain('rolled back');
    await expect(half({ commit: true })).rejects.toMatchObject({ code: 'half-message-decided' });
    await expect(half({ checkBack: true })).rejects.toMatchObject({ code: 'half-message-decided' });
  });

  test('--check-back asks its producer once more, by its own queue', async () => {
    const { half, quarantine, asked, id } = await prepared();
    quarantine();
    expect(await half({ checkBack: true })).toContain('asked once more');
    expect(asked.messages().map(({ body }) => JSON.parse(body))).toEqual([{ half: id }]);
    expect(JSON.parse(await half({ checkBack: true, json: true }))).toMatchObject({ half: id, asked: true });
  });

  test('says of a queue that is gone that nobody was asked', async () => {
    const { half, put, id, row } = await prepared();
    const { envelope, transaction } = row() ?? {};
    const gone: Omit<HalfRow, 'pk' | 'sk'> = {
      state: 'prepared',
      transaction: transaction?.S ?? '',
      envelope: envelope?.S ?? '',
      checkBackQueue: 'http://127.0.0.1/000000000000/gone',
      ttl: 0,
    };
    put(halfKey(id), gone);
    await expect(half({ checkBack: true })).rejects.toMatchObject({ code: 'send-failed' });
  });

  test('says so of an id that nobody prepared', async () => {
    const { half, mint } = await prepared();
    const unknown = mint(0);
    for (const options of [{}, { commit: true }, { rollback: true }, { checkBack: true }]) {
      await expect(half(options, unknown)).rejects.toMatchObject({ code: 'unknown-message' });
    }
  });
});

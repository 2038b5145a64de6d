import { describe, expect, test } from 'vitest';
import { ENVIRONMENT } from '../../lib/aws/environment.ts';
import { closeByHand, listCases } from '../../lib/cli/case.ts';
import { createReconciler, type Metric } from '../../lib/reconcile/reconciler.ts';
import { DEADLINE, reconcileWorld } from '../reconcile/reconcile-world.ts';
import { capturedContext } from './captured-context.ts';

const DAY = 86_400_000;

/** A ledger with a message that its subscriber lost for good, and what a command says of it. */
async function ledgerWithCase() {
  const world = reconcileWorld({ subscribers: ['payment'] });
  const metrics = new Map<string, number>();
  const handler = createReconciler({
    putMetrics: async (_ledger, some: readonly Metric[]) => {
      for (const { name, value } of some) metrics.set(name, value);
    },
  });
  const run = async () => {
    await handler({}, { [ENVIRONMENT]: world.environment });
    for (const { receiptHandle = '' } of world.queue('payment').receive(10))
      world.queue('payment').delete(receiptHandle);
  };
  await run();
  const id = world.commit(world.mint(0));
  for (let tries = 0; tries < 10; tries++) {
    world.clock.pass(DEADLINE + 45 * 60_000);
    await run();
  }
  const saying = async (command: (context: ReturnType<typeof capturedContext>) => Promise<void>) => {
    const context = capturedContext();
    await command(context);
    return { exitCode: context.exitCode, stdout: context.stdout() };
  };
  return {
    ...world,
    id,
    run,
    metrics,
    ls: (options = {}) => saying((context) => listCases(world.ledger, options, context)),
    close: (options = {}) =>
      saying((context) => closeByHand(world.ledger, id, { subscriber: 'payment', ...options }, context)),
  };
}

describe('waybill case', () => {
  test('lists what was given up, and closes it for good: no alarm rings, and no later pass opens it', async () => {
    const { ls, close, id, run, metrics, clock } = await ledgerWithCase();
    expect(metrics.get('quarantined')).toBe(1);
    expect((await ls()).stdout).toContain(`${id}  payment: quarantined, at the broker, sent again 8 times, sent at`);
    expect(await close()).toEqual({
      exitCode: 0,
      stdout: `Closed the case of ${id} at payment: it was quarantined, and sent again 8 times\n`,
    });
    for (const pause of [60_000, DAY, 60_000]) {
      clock.pass(pause);
      await run();
      expect(metrics.get('quarantined')).toBe(0);
      expect(metrics.get('oldest-unended')).toBe(0);
    }
    expect((await ls()).stdout).toBe('No case is open.\n');
  });

  test('says where there is no such case, with exit code 1', async () => {
    const { close, ls, id } = await ledgerWithCase();
    expect(JSON.parse((await ls({ json: true, subscriber: 'payment' })).stdout).cases).toMatchObject([
      { id, tries: 8 },
    ]);
    expect(await close({ subscriber: 'sales', json: true })).toEqual({
      exitCode: 1,
      stdout: `{"closed":false,"id":"${id}","subscriber":"sales"}\n`,
    });
    await close();
    expect(await close()).toEqual({ exitCode: 1, stdout: `Not closed: no case of ${id} is open at payment\n` });
  });
});

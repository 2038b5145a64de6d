import { expect, test } from 'vitest';
import { checkRemoval } from '../../lib/cli/subscriber.ts';
import { NOW, reconcileWorld } from '../reconcile/reconcile-world.ts';
import { capturedContext } from './captured-context.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

function removing() {
  const world = reconcileWorld({ subscribers: ['payment', 'sales'] });
  const check = async (subscriber: string, options = {}) => {
    const context = capturedContext();
    await checkRemoval(world.ledger, subscriber, options, context);
    return { exitCode: context.exitCode, stdout: context.stdout() };
  };
  return { ...world, check };
}

test('waybill subscriber remove --check names what has not ended at the subscriber, and at no other', async () => {
  const { check, commit, mint, end, at, wait } = removing();
  const handled = commit(mint(10 * MINUTE));
  end(handled, 'payment');
  const missing = commit(mint(10 * MINUTE));
  end(missing, 'sales');
  const inFlight = commit(mint(1_000));
  end(inFlight, 'sales');
  const later = commit(mint(3 * DAY), 'order.placed', at(NOW + DAY));
  wait(later, NOW + DAY);
  end(later, 'sales');
  const { exitCode, stdout } = await check('payment');
  expect(exitCode).toBe(1);
  expect(stdout.split('\n')[0]).toBe('On their way to payment: 3 (1 scheduled, 1 missing, 1 in flight)');
  expect(stdout).toContain(`${missing}  missing: no receipt says that it was sent to 'payment'`);
  const { messages } = JSON.parse((await check('payment', { json: true })).stdout);
  expect(messages.map(({ id }: { id: string }) => id)).toEqual([later, missing, inFlight]);
  // What sales has not ended is none of payment's.
  expect(JSON.parse((await check('sales', { json: true })).stdout)).toMatchObject({ messages: [{ id: handled }] });
});

test('a subscriber that has ended everything may go, and one that is not there is named', async () => {
  const { check, commit, mint, end } = removing();
  end(commit(mint(10 * MINUTE)), 'payment');
  expect(await check('payment')).toEqual({ exitCode: 0, stdout: 'Nothing is on its way to payment.\n' });
  await expect(check('paiment')).rejects.toThrow("There is no subscriber 'paiment': there are payment, sales");
});

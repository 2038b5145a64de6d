import { Duration } from 'aws-cdk-lib';
import { expect, test, vi } from 'vitest';
import { defineSaga, defineStep } from 'waybill';
import { z } from 'zod';
import { Saga } from '../../../lib/public/constructs.ts';
import { handlerIn, OrderCancelled } from '../shop-app.ts';
import { refusedBy, shop, warnedOf } from './proved-shop.ts';

// Each synthesizes an app, on machines that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const input = z.object({ orderId: z.string() });
const Pack = defineStep('pack', { input, retry: { attempts: 10, longest: '1m' } });

/** A saga that waits for so long, and whose step may take so long: what is warned of it. */
function warned({
  waits = '1h',
  takes = '1h',
  tooOld,
}: {
  waits?: '1h' | '24h';
  takes?: '1h' | '65s';
  tooOld?: Duration;
}) {
  const Dispatch = defineSaga('dispatch', { input, key: ({ orderId }) => orderId })
    .step('pack', Pack, ({ input: { orderId } }) => ({ orderId }), { within: takes })
    .waitFor('word', OrderCancelled, {
      where: ({ orderId }) => orderId,
      is: ({ input: { orderId } }) => orderId,
      within: waits,
    })
    .ends();
  const subscribers = ['count-sales', 'pack', 'reserve-stock', 'start-dispatch', 'wait-dispatch'];
  const { app, stack, ledger } = shop({ context: { 'waybill:subscribers': subscribers } });
  const steps = { pack: { handler: handlerIn(stack, 'Pack') } };
  new Saga(stack, 'Dispatch', { ledger, saga: Dispatch, steps, ...(tooOld && { tooOld }) });
  expect(refusedBy(app)).toEqual([]);
  return warnedOf(stack);
}

test.each([
  ['for less than a day', {}, []],
  ['for a day', { waits: '24h' }, ['saga-wait']],
  ['for less than it may take by `tooOld`', { waits: '24h', tooOld: Duration.hours(25) }, []],
  ['and tells a step for less than its attempts last', { takes: '65s' }, ['saga-retries']],
] as const)('a saga that waits %s', (_, saga, warnings) => {
  expect(warned(saga)).toEqual(warnings);
});

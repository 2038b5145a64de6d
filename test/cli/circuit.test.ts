import { expect, test } from 'vitest';
import { change, listSubscribers } from '../../lib/cli/circuit.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { openOutage } from '../circuit/outage.ts';
import { openOverload } from '../scale/overload.ts';
import { capturedContext } from './captured-context.ts';

async function opened() {
  const outage = openOutage();
  const ledger = ledgerOf(outage.environment);
  const controlQueueUrl = outage.stack.queues.get('controller')?.url;
  const asked = async (operation: 'pause' | 'resume' | 'probe', json = false) => {
    const context = capturedContext();
    await change(ledger, { subscriber: 'take-payment', operation, controlQueueUrl, json }, context);
    await outage.stack.advance('5s');
    return context.stdout();
  };
  const ls = async (json = false) => {
    const context = capturedContext();
    await listSubscribers(ledger, { json }, context);
    return context.stdout();
  };
  return { outage, ledger, asked, ls };
}

test('a subscriber is paused and resumed, and `ls` says so', async () => {
  const { asked, ls } = await opened();
  expect(await ls()).toBe('take-payment: runs\n');
  expect(await asked('pause')).toMatch(/^take-payment: paused by an operator since 2026-/);
  expect(JSON.parse(await ls(true))).toEqual({
    subscribers: [{ subscriber: 'take-payment', state: 'open', by: 'operator', since: expect.any(String) }],
  });
  expect(JSON.parse(await asked('resume', true))).toEqual({ subscriber: 'take-payment', state: 'closed' });
});

test('an open circuit is named with what failed, and probed at once', async () => {
  const { outage, asked, ls } = await opened();
  outage.fail();
  await outage.load(20, 2);
  expect(await ls()).toMatch(/its circuit is open since .* for ProviderDown; probes begin at 2026-/);
  outage.mend();
  await outage.stack.advance('30s');
  if (outage.circuit()?.state !== 'closed') await asked('probe');
  await outage.stack.advance('10s');
  expect(await ls()).toBe('take-payment: runs\n');
  await expect(asked('probe')).rejects.toThrow("The circuit of 'take-payment' is closed");
});

test('who does not exist, or has no breaker, is refused', async () => {
  const { ledger } = await opened();
  const context = capturedContext();
  const of = (subscriber: string) => ({ subscriber, operation: 'pause' as const, controlQueueUrl: undefined });
  await expect(change(ledger, of('nobody'), context)).rejects.toMatchObject({ code: 'unknown-subscriber' });
  await expect(change(ledger, of('take-payment'), context)).rejects.toMatchObject({ code: 'no-breaker' });
});

test('`ls` says how a subscriber scales: how much it takes on at once, between which bounds, and since when', async () => {
  const overload = openOverload();
  const ls = async (json = false) => {
    const context = capturedContext();
    await listSubscribers(ledgerOf(overload.stack.environment()), { json }, context);
    return context.stdout();
  };
  await overload.stack.advance('1m');
  expect(await ls()).toBe('take-payment: runs\n  scales: 2 at once, of 2 to 10; never changed\n');
  overload.switchTo(false);
  await overload.publish(150);
  await overload.stack.advance('3m');
  expect(JSON.parse(await ls(true))).toEqual({
    subscribers: [
      {
        subscriber: 'take-payment',
        state: 'closed',
        scale: {
          concurrency: 4,
          min: 2,
          max: 10,
          verdict: expect.stringMatching(/^(?:up|hold)$/),
          readAt: expect.any(String),
          changedAt: expect.any(String),
          isSet: true,
        },
      },
    ],
  });
});

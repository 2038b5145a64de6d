import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { Killer } from '../../demo/drills/kills.ts';
import { PaymentProvider, type ProviderMoment } from '../../demo/payment-provider.ts';
import { paymentProviderAt } from '../../examples/commerce/payment-provider.ts';

const { signal } = new AbortController();

/** A process as the engine starts one for a function. */
async function worker(functionName: string): Promise<ChildProcess> {
  const program = "process.stdout.write('up'); setInterval(() => undefined, 1_000)";
  const child = spawn(process.execPath, ['-e', program, `ministack-lambda-${functionName}-1`]);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  return child;
}

test('the processes of the function, and of no other, are killed at each kind of moment in turn, so often and no more', async () => {
  const provider = await PaymentProvider.open({ trouble: () => undefined });
  onTestFinished(() => provider.close());
  const client = paymentProviderAt(provider.url);
  const killer = new Killer({ engine: process.pid, functionName: 'Pay', times: 4, pauseMs: 0 });
  const heard: ProviderMoment[] = [];
  provider.onMoment = (moment) => {
    heard.push(moment);
    killer.onMoment(moment);
  };
  const other = await worker('Payout');
  for (let order = 1; order <= 5; order++) {
    const paying = await worker('Pay');
    const ended = once(paying, 'exit');
    if (order === 4) await client.find(`r.${order}_1`);
    else await client.charge(`r.${order}_1`, 100, { signal });
    if (order < 5) expect(await ended).toEqual([null, 'SIGKILL']);
    else expect(paying.exitCode ?? paying.signalCode).toBeNull();
    await sleep(20);
  }
  expect(heard.slice(0, 3)).toEqual(['asked', 'charged', 'answered']);
  expect(killer.verdict).toEqual({
    kills: { times: 4, processes: 4, at: { asked: 1, charged: 1, answered: 1, told: 1 } },
  });
  expect(killer.problems).toEqual([]);
  expect(other.exitCode ?? other.signalCode).toBeNull();
});

test('too few kills are a problem of the run', () => {
  const killer = new Killer({ engine: process.pid, functionName: 'Nowhere', times: 2 });
  killer.onMoment('asked');
  expect(killer.problems).toEqual(['Killed 0 times, not 2: give more orders by --count']);
});

import { describe, expect, test } from 'vitest';
import { consume } from '../../lib/consume/consume.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { MemoryStack } from '../../lib/public/testing.ts';
import { publish } from '../../lib/publish/publish.ts';
import { Placed, TakePayment } from '../circuit/outage.ts';
import { openOverload, SOURCE } from './overload.ts';

/** One with a backlog of 150, for so many minutes. */
async function overloaded(minutes: number, given: Parameters<typeof openOverload>[0] = {}) {
  const overload = openOverload(given);
  overload.switchTo(false);
  await overload.stack.advance('1m');
  await overload.publish(150);
  await overload.stack.advance(`${minutes}m`);
  return overload;
}

describe('a subscriber that scales', () => {
  test('takes on 2, 4, 8, 10 at once while its backlog stays, and 5, 2 when it has gone', async () => {
    const overload = await overloaded(12);
    // What an operator has switched off stays off.
    expect([overload.figures(), overload.stack.lambda?.isOn(SOURCE)]).toEqual([[undefined, 4, 8, 10], false]);
    expect(overload.row()).toMatchObject({ concurrency: 10, applied: 10, verdict: 'up' });
    overload.switchTo(true);
    await overload.stack.advance('20m');
    expect(overload.figures()).toEqual([undefined, 4, 8, 10, undefined, 5, 2]);
    expect(overload.row()).toMatchObject({ concurrency: 2, applied: 2, verdict: 'hold' });
  });

  test('is no more than a glance a minute while little waits: two reads, and no write but the first, of its bounds', async () => {
    const overload = openOverload();
    await overload.stack.advance('10m');
    const { usage } = overload.stack.environmentOf('scaler');
    // Its routes are two queries a minute: the event types, and those of one.
    expect(usage.calls).toEqual({ Query: 20, GetItem: 11, PutItem: 1, GetQueueAttributes: 10 });
    expect([usage.writeUnits, overload.figures()]).toEqual([1, []]);
    expect(overload.row()).toMatchObject({ concurrency: 2, applied: 2, min: 2, max: 10 });
  });

  test('says so when it may take on no more, and its backlog stays', async () => {
    const { stack } = await overloaded(15);
    const { counted, lines } = stack.environmentOf('scaler');
    expect(counted['scale.exhausted']).toBeGreaterThan(2);
    expect(lines.filter(({ message }) => message === 'backlog though all is taken on')[0]?.fields).toMatchObject({
      subscriber: 'take-payment',
      hop: 'consumer',
      max: 10,
    });
  });

  test('is not scaled while its circuit is open, and comes back to what it took on before', async () => {
    const overload = await overloaded(4, { breakers: { 'take-payment': { open: 300_000 } } });
    expect(overload.concurrency()).toBe(8);
    overload.fail(true);
    overload.switchTo(true);
    await overload.stack.advance('10s');
    expect(overload.stack.lambda?.isOn(SOURCE)).toBe(false);
    await overload.stack.advance('4m');
    expect([overload.concurrency(), overload.row()?.concurrency]).toEqual([8, 8]);
    overload.fail(false);
    await overload.stack.advance('2m');
    const onAgain = overload.figures()?.slice(-3);
    expect([onAgain, overload.stack.lambda?.isOn(SOURCE)]).toEqual([[2, 4, 8], true]);
  });
});

describe('the controller', () => {
  test('waits while Lambda is busy with the event source, and sets it then', async () => {
    const overload = await overloaded(12, { sourceLag: () => 30_000 });
    expect([overload.figures(), overload.row()?.applied]).toEqual([[undefined, 4, 8, 10], 10]);
  });

  test('is asked again where its message is lost', async () => {
    let lost = 0;
    const overload = await overloaded(12, {
      wire: async ({ operation, from }, apply) => {
        if (from !== 'scaler' || operation !== 'SendMessageBatch' || lost > 0) return apply();
        lost += 1;
        return { Successful: [{ Id: '0' }] };
      },
    });
    expect([lost, overload.concurrency(), overload.row()?.applied]).toEqual([1, 10, 10]);
  });

  test('finds out when a deployment has set the event source back', async () => {
    const overload = await overloaded(12);
    overload.stack.lambda?.update({ UUID: SOURCE, ScalingConfig: { MaximumConcurrency: 2 } });
    await overload.stack.advance('2m');
    expect(overload.concurrency()).toBe(10);
  });

  test('is asked for one subscriber each second, however many change at once', async () => {
    const names = Array.from({ length: 5 }, (_, index) => `subscriber-${index}`);
    const subscribers = names.map((name) => defineSubscriber(name, { consumes: [Placed] }));
    const delays: unknown[] = [];
    const stack = new MemoryStack({
      subscribers,
      handlers: Object.fromEntries(subscribers.map((one) => [one.name, consume(one, () => undefined)])),
      scales: Object.fromEntries(names.map((name) => [name, { doubleAbove: 10, halveBelow: 1 }])),
      wire: async ({ operation, from, input }, apply) => {
        const { Entries = [] } = input as { readonly Entries?: readonly { readonly DelaySeconds?: number }[] };
        if (from === 'scaler' && operation === 'SendMessageBatch')
          delays.push(...Entries.map((one) => one.DelaySeconds));
        return apply();
      },
    });
    for (const name of names) stack.lambda?.update({ UUID: `${name}-source-0`, Enabled: false });
    const environment = stack.environment();
    for (let one = 0; one < 20; one++) await publish(Placed, { orderId: String(one) }, { environment });
    await stack.advance('3m');
    expect(delays).toEqual([undefined, 1, 2, 3, 4]);
    expect(names.map((name) => stack.lambda?.concurrencyOf(`${name}-source-0`))).toEqual([4, 4, 4, 4, 4]);
  });
});

test('a subscriber that does not scale has no scaler', () => {
  const stack = new MemoryStack({ subscribers: [TakePayment], breakers: { 'take-payment': {} } });
  expect([...stack.functions.keys()]).not.toContain('scaler');
});

import { toItem } from '../../lib/aws/attribute.ts';
import { sendControl } from '../../lib/circuit/control-message.ts';
import { consume } from '../../lib/consume/consume.ts';
import { SCALE_DEFAULTS } from '../../lib/contract/scale.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { type Scaled, type ScaleRow, scaleKey } from '../../lib/ledger/rows/scale.ts';
import { MemoryStack } from '../../lib/public/testing.ts';
import { publish } from '../../lib/publish/publish.ts';
import { decide, type Reading } from '../../lib/scale/decide.ts';
import { decideShards } from '../../lib/scale/shards.ts';
import { isHanging, mayStandStill, type Stall, stallAfter } from '../../lib/scale/stall.ts';
import { Placed, restingOutage } from '../circuit/outage.ts';
import { Books, booking, Deposited, ProjectOn } from '../order/shop.ts';
import { openOverload, SOURCE } from '../scale/overload.ts';
import type { ScaleBug } from './scale-bugs.ts';

/** What is wrong, by drill: nothing, as the code is written. */
export const drills: Readonly<Record<ScaleBug['drill'], () => Promise<string[]>>> = {
  async readings() {
    const all = (readings: readonly Reading[], start?: Scaled) => {
      let scaled = start;
      return readings.map((reading) => {
        scaled = decide(scaled, reading, SCALE_DEFAULTS, { every: 60_000 });
        return scaled.concurrency;
      });
    };
    const minutes = (backlogs: readonly number[]) =>
      backlogs.map((waiting, index) => ({ at: index * 60_000, waiting, inFlight: 0 }));
    const high = { concurrency: 8, verdict: 'down', at: 0 } as const;
    return [
      ...(Math.max(...all(minutes([120_000, 0, 120_000, 0]))) === 1 ? [] : ['it flaps']),
      ...(all([{ at: 60_000, waiting: 0, inFlight: 5_000 }], high)[0] === 8
        ? []
        : ['what is in flight does not count']),
      ...(all([0, 100].map((at) => ({ at, waiting: 120_000, inFlight: 0 })))[1] === 1
        ? []
        : ['one reading counts twice']),
    ];
  },

  async overload() {
    let lost = 0;
    const overload = openOverload({
      wire: async ({ operation, from }, apply) => {
        if (from !== 'scaler' || operation !== 'SendMessageBatch' || lost > 0) return apply();
        lost += 1;
        return { Successful: [{ Id: '0' }] };
      },
    });
    overload.switchTo(false);
    await overload.publish(150);
    await overload.stack.advance('3m');
    const asked = overload.concurrency();
    await overload.stack.advance('10m');
    const figures = overload.figures() ?? [];
    return [
      ...(asked === 4 ? [] : ['a lost message is not sent again']),
      ...(Math.max(...figures.map((figure) => figure ?? 0)) <= 10 ? [] : ['it goes beyond its most']),
      ...(overload.stack.lambda?.isOn(SOURCE) === false ? [] : ['it switched on what somebody had switched off']),
    ];
  },

  async circuit() {
    const overload = openOverload({ breakers: { 'take-payment': { open: 600_000 } } });
    overload.fail(true);
    await overload.publish(150);
    await overload.stack.advance('6m');
    const scaled = (overload.figures() ?? []).filter((figure) => figure !== undefined);
    return scaled.length === 0 ? [] : [`it was scaled to ${scaled.join(', ')} while its circuit was open`];
  },

  async stall() {
    const paused = openOverload({ watched: true, breakers: { 'take-payment': {} } });
    await paused.pause();
    await paused.publish(30);
    await paused.stack.advance('1m');
    const told = paused.stack.environmentOf('scaler').counted.stalled ?? 0;
    const idle = openOverload({ watched: true, ofStream: true, scales: {} });
    await idle.stack.advance('50s');
    await idle.publish(3);
    await idle.stack.advance('1m');
    return [
      ...(idle.stack.environmentOf('scaler').counted.stalled === undefined
        ? []
        : ['a stream on which nothing comes is told to stand still']),
      ...(told === 0 ? [] : ['a paused subscriber is told to stand still']),
      ...(stallsOf(5, (at) => at - 3_000) === 0 ? [] : ['a busy subscriber is told to stand still']),
      ...(stallsOf(5, () => 19_000, 12_000) === 0 ? [] : ['a slow subscriber is told to stand still']),
      ...(stallsOf(0, () => 1_000) === 0 ? [] : ['a message that rests is told to hang']),
      ...(stallsOf(5, () => 19_000) > 0 ? [] : ['a subscriber whose handlers hang is not told']),
    ];
  },

  async rest() {
    const resting = await restingOutage();
    await resting.stack.advance('14m');
    const { 'controller.probe-empty': looks = 0 } = resting.stack.environmentOf('controller').counted;
    return looks <= 20 ? [] : [`it is looked at ${looks} times within 14 minutes`];
  },

  async shards() {
    const settings = { ...SCALE_DEFAULTS, shards: { min: 1, max: 4 } };
    const high = { waiting: 200_000, inFlight: 0 };
    let row: ScaleRow | undefined;
    let changes = 0;
    for (let hour = 0; hour < 23; hour++) {
      const isUp = hour % 2 === 0;
      const at = hour * 3_600_000;
      const base = { pk: '', sk: '', rev: 1, concurrency: 1, verdict: 'hold', at, changedAt: at - 86_400_000 } as const;
      row = { ...base, shards: isUp ? 1 : 4, resharded: row?.resharded ?? [] };
      const sharded = decideShards(row, { at, ...high }, settings, isUp);
      if (!sharded) continue;
      changes += 1;
      row = { ...row, ...sharded };
    }
    const early = decideShards(undefined, { at: 0, ...high }, settings, false);
    const stream = openOverload({
      ofStream: true,
      scales: { 'take-payment': { shards: { min: 2, max: 8 } } },
    });
    const { stack } = stream;
    stack.ledger.write(
      stack.ledger.keyOf(toItem(scaleKey('take-payment'))),
      toItem({
        ...scaleKey('take-payment'),
        rev: 1,
        concurrency: 1,
        verdict: 'hold',
        at: stack.now,
        applied: 1,
        shards: 8,
        resharded: [stack.now],
      }),
    );
    await sendControl(stack.environment(), stack.queues.get('controller')?.url ?? '', { scale: 'take-payment' });
    await stack.advance('5m');
    const open = stack.engines.kinesis.shards('orders').filter(({ closedAt }) => closedAt === undefined);
    return [
      ...(changes <= 10 ? [] : [`${changes} changes of shards in a day`]),
      ...(early ? ['it is given shards before its factor does not do'] : []),
      ...(open.length === 8 ? [] : [`it has ${open.length} shards, and is to have 8`]),
    ];
  },

  async order() {
    let left = 3;
    const handler = booking(ProjectOn, (cents) => {
      if (cents === 1 && left-- > 0) throw new Error('the books are closed');
    });
    const stack = new MemoryStack({ subscribers: [ProjectOn], handlers: { 'project-on': handler } });
    const environment = stack.environment();
    for (const cents of [1, 2, 3]) await publish(Deposited, { account: 'a', cents }, { environment });
    await stack.advance('5m');
    const [letter] = stack.queues.get('project-on-dead')?.receive(1) ?? [];
    if (letter) stack.queues.get('project-on')?.send(letter);
    await stack.advance('1m');
    const { movements } = stack.read(Books, { account: 'a' }) ?? {};
    return letter && movements === '2 3' ? [] : [`the movements took effect as ${movements}, and 1 was dead`];
  },

  async crowd() {
    const subscribers = ['a', 'b', 'c'].map((name) => defineSubscriber(name, { consumes: [Placed] }));
    const delays: (number | undefined)[] = [];
    const stack = new MemoryStack({
      subscribers,
      handlers: Object.fromEntries(subscribers.map((one) => [one.name, consume(one, () => undefined)])),
      scales: Object.fromEntries(subscribers.map(({ name }) => [name, { doubleAbove: 10, halveBelow: 1 }])),
      wire: async ({ operation, from, input }, apply) => {
        const { Entries = [] } = input as { readonly Entries?: readonly { readonly DelaySeconds?: number }[] };
        if (from === 'scaler' && operation === 'SendMessageBatch')
          delays.push(...Entries.map((one) => one.DelaySeconds));
        return apply();
      },
    });
    for (const { name } of subscribers) stack.lambda?.update({ UUID: `${name}-source-0`, Enabled: false });
    const environment = stack.environment();
    for (let one = 0; one < 20; one++) await publish(Placed, { orderId: String(one) }, { environment });
    await stack.advance('3m');
    return new Set(delays).size === delays.length && delays.length === 3 ? [] : ['all are asked for at once'];
  },
};

/** How often it may be told within half a minute that nothing ends, of five messages that are being handled all the time while so many wait. */
function stallsOf(waiting: number, newest: (at: number) => number, longest = 200): number {
  let stall: Stall | undefined;
  return Array.from({ length: 6 }, (_, index) => 20_000 + index * 5_000).filter((at) => {
    stall = stallAfter(stall, { at, waiting, inFlight: 5 });
    return mayStandStill(stall, at) && isHanging(stall, at, { newest: newest(at), longest }, 30_000);
  }).length;
}

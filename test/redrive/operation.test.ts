import { describe, expect, test } from 'vitest';
import { wakeRedrive } from '../../lib/ledger/redrive.ts';
import { deadGroups } from '../../lib/redrive/causes.ts';
import { withoutRoutes } from '../relay/sending-world.ts';
import { Audit, redriveWorld } from './redrive-world.ts';

describe('a redrive', () => {
  test('doubles its waves up to the rate, and no second has more messages than that', async () => {
    const world = redriveWorld();
    world.broken.add('card');
    await world.pay('card', 120);
    world.broken.clear();
    const before = world.stack.now;
    const { operation } = await world.redrive({ maxRate: 4 });
    // 1, 2, 4, 8, 16, 20, 20 …: five seconds of the rate at most.
    expect(await world.finish(operation)).toMatchObject({ state: 'done', sent: 120, waves: 10 });
    expect(world.stack.now - before).toBeGreaterThan(25_000);
  });

  test('counts one failed attempt for a relapse, long before the message dies again', async () => {
    const world = redriveWorld();
    world.broken.add('card');
    await world.pay('card', 30);
    world.broken.clear();
    world.broken.add('card for now');
    const { operation } = await world.redrive();
    await world.stack.advance('25s');
    expect(await world.read(operation)).toMatchObject({ state: 'stopped', reason: 'relapse', sent: 1, relapsed: 1 });
    expect(world.rows('dead')).toHaveLength(30);
    await world.stack.advance('2m');
    expect(world.stack.environmentOf('forwarder').counted).toMatchObject({ 'redrive.stopped': 1 });

    // It goes on where it stood, once the bank is there again.
    world.broken.clear();
    await world.resume(operation);
    expect(await world.finish(operation)).toMatchObject({ state: 'done', sent: 30, handled: 29, relapsed: 1 });
    // The one that relapsed died again meanwhile, which is for another redrive.
    expect(world.booked()).toHaveLength(29);
    const next = await world.redrive();
    expect(await world.finish(next.operation)).toMatchObject({ state: 'done', sent: 1, handled: 1 });
    expect(world.rows('dead')).toEqual([]);
    expect(world.letters()).toBe(0);
  });

  test('goes on past a single relapse of a larger wave, and stops at a second one', async () => {
    const world = redriveWorld();
    for (const method of ['card', 'one', 'two', 'three']) world.broken.add(method);
    await world.pay('card', 40);
    await world.pay('one', 1);
    world.broken.delete('card');
    expect(await world.finish((await world.redrive()).operation)).toMatchObject({
      state: 'done',
      handled: 40,
      relapsed: 1,
    });
    expect(world.letters()).toBe(2);

    world.broken.add('card');
    await world.pay('card', 60, 40);
    world.broken.delete('card');
    await world.pay('two', 20);
    const { operation } = await world.redrive({ canary: 4 });
    const ended = await world.finish(operation);
    expect(ended).toMatchObject({ state: 'stopped', reason: 'relapse' });
    expect(ended.sent).toBeLessThan(81);
  });

  test('takes what had died when it began, and nothing that dies later', async () => {
    const world = redriveWorld();
    world.broken.add('card');
    await world.pay('card', 10);
    world.broken.delete('card');
    world.broken.add('cheque');
    const { operation } = await world.redrive();
    await world.stack.advance('1s');
    await world.pay('cheque', 10);
    expect(await world.finish(operation)).toMatchObject({ state: 'done', sent: 10, handled: 10 });
    expect(world.rows('dead')).toHaveLength(10);
    expect(world.letters()).toBe(10);
  });

  test('takes single messages by their ids', async () => {
    const world = redriveWorld();
    world.broken.add('card');
    const ids = await world.pay('card', 10);
    world.broken.clear();
    const { operation } = await world.redrive({ ids: ids.slice(3, 6) });
    expect(await world.finish(operation)).toMatchObject({ state: 'done', sent: 3, handled: 3 });
    expect(world.booked().map(({ orderId }) => orderId)).toEqual(['card-3', 'card-4', 'card-5']);
  });

  test('is stopped by an operator, and goes on when that is wanted', async () => {
    const world = redriveWorld();
    world.broken.add('card');
    await world.pay('card', 200);
    world.broken.clear();
    const { operation } = await world.redrive({ maxRate: 2 });
    await world.stack.advance('20s');
    const stopped = await world.stop(operation);
    expect(stopped).toMatchObject({ state: 'stopped', reason: 'operator' });
    await world.stack.advance('10m');
    const booked = world.booked().length;
    expect(booked).toBe(stopped.sent);
    expect(booked).toBeLessThan(100);
    await world.resume(operation);
    expect(await world.finish(operation)).toMatchObject({ state: 'done', sent: 200, handled: 200 });
  });

  test('stops when its time is up', async () => {
    const world = redriveWorld();
    world.broken.add('card');
    await world.pay('card', 100);
    world.broken.clear();
    const { operation } = await world.redrive({ maxRate: 1, until: world.stack.now + 20_000 });
    expect(await world.finish(operation)).toMatchObject({ state: 'stopped', reason: 'time' });
    expect(world.booked().length).toBeLessThan(50);
  });

  test('runs alone at its subscriber, and names the one that runs', async () => {
    const world = redriveWorld();
    world.broken.add('card');
    await world.pay('card', 5);
    world.broken.clear();
    const { operation } = await world.redrive();
    await expect(world.redrive()).rejects.toMatchObject({
      code: 'redrive-refused',
      message: expect.stringContaining(operation),
    });
    await world.finish(operation);
    expect(await world.finish((await world.redrive()).operation)).toMatchObject({ state: 'done', sent: 0 });
  });

  test('does not send what has expired, and says so', async () => {
    const world = redriveWorld();
    world.broken.add('card');
    await world.pay('card', 3);
    world.broken.clear();
    await world.stack.advance('3h');
    expect(await world.finish((await world.redrive()).operation)).toMatchObject({ state: 'done', sent: 0, refused: 3 });
  });

  test('publishes what has expired anew where that is wanted, for its subscriber alone, and once', async () => {
    const world = redriveWorld({}, [Audit]);
    world.broken.add('card');
    const [old = ''] = await world.pay('card', 3);
    world.broken.clear();
    await world.stack.advance('3h');
    const { operation } = await world.redrive({ republish: true });
    expect(await world.finish(operation)).toMatchObject({ state: 'done', sent: 3, handled: 3, refused: 0 });
    expect(world.booked()).toHaveLength(3);
    expect(world.booked().every(({ times }) => times === 1)).toBe(true);
    const audited = world.rows('in').filter(({ pk }) => String(pk).startsWith('in#audit#'));
    expect(audited.map(({ state }) => state).sort()).toEqual([
      ...Array(3).fill('cancelled'),
      ...Array(3).fill('handled'),
    ]);
    expect(world.letters()).toBe(0);
    expect(world.rows('dead')).toEqual([]);
    const again = world.rows('in').find((row) => row.sk === old && row.republished)?.republished;
    expect(world.rows('out').find(({ sk }) => sk === again)?.envelope).toContain(`"causationid":"${old}"`);
    await world.stack.advance('30m');
    expect(world.booked().every(({ times }) => times === 1)).toBe(true);
    expect(await world.finish((await world.redrive({ republish: true })).operation)).toMatchObject({ sent: 0 });
  });

  test('sends again what a whole range has lost, and what is dead in it, and nothing twice', async () => {
    const world = redriveWorld();
    const from = world.stack.now;
    await world.pay('cash', 20);
    world.broken.add('card');
    await world.pay('card', 20);
    world.broken.clear();
    for (let n = 0; n < 40; n++) await world.publish('voucher', `voucher-${n}`);
    await world.stack.settle('relay');
    const queue = world.stack.queues.get('book');
    for (let batch = queue?.receive(10) ?? []; batch.length > 0; batch = queue?.receive(10) ?? []) {
      for (const { receiptHandle = '' } of batch) queue?.delete(receiptHandle);
    }
    await world.stack.settle();
    expect(world.booked()).toHaveLength(20);
    const { operation } = await world.redrive({ range: { from, to: world.stack.now + 1 } });
    expect(await world.finish(operation)).toMatchObject({ state: 'done', relapsed: 0 });
    expect(world.booked()).toHaveLength(80);
    expect(world.booked().every(({ times }) => times === 1)).toBe(true);
    expect(world.letters()).toBe(0);
    expect(await deadGroups(world.ledger())).toEqual([]);
  });

  test('sends by its range what version 0.1 relayed to nobody and noted nowhere, since there was no subscriber then', async () => {
    const world = redriveWorld();
    const { ledger } = world.stack;
    const subscribe = withoutRoutes({ ledger });
    const from = world.stack.now;
    for (let n = 0; n < 15; n++) await world.publish('cash', `cash-${n}`);
    await world.stack.settle();
    for (const item of ledger.items()) {
      if (item.pk?.S?.startsWith('unrouted')) ledger.write(ledger.keyOf(item), undefined);
    }
    const to = world.stack.now + 1;
    await world.stack.advance('1h');
    subscribe();
    await world.stack.advance('20m');
    expect(world.booked()).toEqual([]);

    const { operation } = await world.redrive({ range: { from, to } });
    expect(await world.finish(operation)).toMatchObject({ state: 'done', sent: 15 });
    expect(world.booked().map(({ times }) => times)).toEqual(Array.from({ length: 15 }, () => 1));
  });

  test('sends, too, what died before the ledger had rows of what is dead', async () => {
    const world = redriveWorld();
    world.broken.add('card');
    await world.pay('card', 15);
    for (const item of world.stack.ledger.items()) {
      if (item.pk?.S?.startsWith('dead#')) world.stack.ledger.write(world.stack.ledger.keyOf(item), undefined);
    }
    expect(world.rows('dead')).toEqual([]);
    world.broken.clear();
    const { operation } = await world.redrive();
    expect(await world.finish(operation)).toMatchObject({ state: 'done', sent: 15, handled: 15 });
    expect(world.letters()).toBe(0);
    expect(world.rows('dead')).toEqual([]);
    // Once: the letters are not looked through again.
    const calls = () => world.stack.environmentOf('forwarder').usage.calls.ReceiveMessage ?? 0;
    const before = calls();
    await world.finish((await world.redrive()).operation);
    expect(calls() - before).toBe(1);
  });

  test('of which two notices are there at once sends each message once', async () => {
    const sent: string[] = [];
    const world = redriveWorld({
      wire: async ({ from, operation, input }, apply) => {
        const { QueueUrl = '', Entries = [] } = input as { QueueUrl?: string; Entries?: { MessageBody: string }[] };
        const isWave = from === 'forwarder' && operation === 'SendMessageBatch' && QueueUrl.endsWith('/book');
        if (isWave) sent.push(...Entries.map(({ MessageBody }) => JSON.parse(MessageBody).id));
        return apply();
      },
    });
    world.broken.add('card');
    await world.pay('card', 30);
    world.broken.clear();
    const { operation } = await world.redrive();
    for (let n = 0; n < 3; n++) await wakeRedrive(world.ledger(), { subscriber: 'book', operation });
    expect(await world.finish(operation)).toMatchObject({ state: 'done', handled: 30 });
    expect(sent).toHaveLength(30);
    expect(new Set(sent).size).toBe(30);
  });

  test('whose notice is lost is woken by the reconciler', async () => {
    const world = redriveWorld();
    world.broken.add('card');
    await world.pay('card', 5);
    world.broken.clear();
    const { operation } = await world.redrive();
    const queue = world.stack.queues.get('forwarder');
    for (const { receiptHandle = '' } of queue?.receive(10) ?? []) queue?.delete(receiptHandle);
    expect(await world.finish(operation)).toMatchObject({ state: 'done', handled: 5 });
  });

  test('says why it cannot go on, and goes on as soon as it can', async () => {
    let refuses = true;
    const world = redriveWorld({
      wire: async ({ from, operation, input }, apply) => {
        const { QueueUrl = '' } = input as { readonly QueueUrl?: string };
        const isWave = from === 'forwarder' && operation === 'SendMessageBatch' && QueueUrl.endsWith('/book');
        if (isWave && refuses) throw Object.assign(new Error('not authorized'), { name: 'AccessDenied' });
        return apply();
      },
    });
    world.broken.add('card');
    await world.pay('card', 5);
    world.broken.clear();
    const { operation } = await world.redrive();
    await world.stack.advance('90s');
    expect(await world.read(operation)).toMatchObject({
      state: 'canary',
      sent: 0,
      waits: expect.stringContaining('AccessDenied'),
    });
    refuses = false;
    const ended = await world.finish(operation);
    expect(ended).toMatchObject({ state: 'done', sent: 5, handled: 5 });
    expect(ended).not.toHaveProperty('waits');
  });

  test('leaves records that are no messages, and says how many', async () => {
    const world = redriveWorld();
    await world.garble('{"no":"envelope"}');
    world.broken.add('card');
    await world.pay('card', 2);
    world.broken.clear();
    const [record] = (await deadGroups(world.ledger())).filter(({ reason }) => reason === 'malformed-message');
    await expect(world.redrive({ ids: [String(record?.sample.id)] })).rejects.toThrow(/holds no message/);
    const ended = await world.finish((await world.redrive()).operation);
    expect(ended).toMatchObject({ state: 'done', sent: 2, handled: 2, refused: 1, unreadable: 1 });
    expect([world.letters(), world.rows('dead').length]).toEqual([1, 1]);
  });

  test.each([
    [{ cause: 'x' }, 'is no cause'],
    [{ ids: [] }, 'from 1 to 1000'],
    [{ ids: ['x'] }, "'x' is no message's id"],
    [{ range: { from: 2, to: 1 } }, 'is empty'],
    [{ range: { from: 1, to: 2 }, cause: '01234567' }, 'give no cause'],
    [{ canary: 0 }, 'a canary of 0'],
    [{ maxRate: 0 }, 'maxRate 0'],
    [{ ramp: 11 }, 'ramp 11'],
  ])('that is asked for with %j does not begin', async (options, why) => {
    const world = redriveWorld();
    await expect(world.redrive(options)).rejects.toMatchObject({
      code: 'invalid-definition',
      message: expect.stringContaining(why),
    });
    expect(world.rows('redrive')).toEqual([]);
  });

  test('of nobody, or of a name that nothing has, is refused', async () => {
    const world = redriveWorld();
    await expect(world.read('book.00000000')).rejects.toMatchObject({ code: 'unknown-redrive' });
    await expect(world.stop('nobody.0')).rejects.toMatchObject({ code: 'unknown-redrive' });
  });
});

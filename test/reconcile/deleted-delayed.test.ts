import { expect, test } from 'vitest';
import { receivable } from '../../lib/ledger/high-water.ts';
import { inboxKey } from '../../lib/ledger/rows/inbox.ts';
import { messageTime } from '../../lib/message/message-id.ts';
import { DAY, delaying, MINUTE } from './delaying-world.ts';
import { NOW } from './reconcile-world.ts';

const LIFETIME = 14 * DAY;

/** A queue that is never empty, in which a message of every half minute comes due, and one of them was deleted. */
async function busyWithDelayed() {
  const world = delaying();
  const { commit, mint, at, wait, relay, put, clock, queue, run, cases } = world;
  const moments = Array.from({ length: 40 }, (_, index) => NOW + 5 * MINUTE + index * (MINUTE / 2));
  const messages = moments.map((moment) => ({ id: commit(mint(DAY), 'order.placed', at(moment)), moment }));
  for (const { id, moment } of messages) wait(id, moment);
  const [lost] = messages.slice(4);
  if (!lost) throw new Error('There is none');
  queue('payment').send({ id: 'waits', body: 'one that waits', attributes: {} });
  const sent = new Map<string, number>();
  await run();
  const minute = async () => {
    clock.pass(MINUTE);
    for (const { id, moment } of messages) {
      if (moment - 2 * MINUTE <= clock.now() && !sent.has(id)) {
        sent.set(id, clock.now());
        await relay(id, 'payment');
      }
      const key = inboxKey('payment', id);
      if (moment > clock.now() || id === lost.id || world.table.get({ pk: { S: key.pk }, sk: { S: key.sk } })) continue;
      const hops = {
        committed: messageTime(id),
        due: moment,
        relayed: sent.get(id),
        received: moment,
        ended: moment + 100,
      };
      put(key, {
        state: 'handled',
        type: 'order.placed',
        hops,
        attempts: 1,
        ended: {},
        ttl: (moment + LIFETIME) / 1000,
      });
    }
    await run();
  };
  return { ...world, lost, minute, isNamed: async () => (await cases()).some(({ state }) => state === 'missing') };
}

test('one that was deleted from a queue of delayed messages that is never empty is named in minutes, and sent again', async () => {
  const { lost, minute, isNamed, clock, queue, cases } = await busyWithDelayed();
  while (!(await isNamed())) {
    await minute();
    expect(clock.now()).toBeLessThan(lost.moment + 6 * MINUTE);
  }
  expect(await cases()).toMatchObject([{ id: lost.id, hop: 'broker', tries: 1 }]);
  expect(
    queue('payment')
      .receive(10)
      .some(({ body }) => body.includes(lost.id)),
  ).toBe(true);
});

test('and none that comes due in time is ever named', async () => {
  const { lost, minute, cases } = await busyWithDelayed();
  for (let minutes = 0; minutes < 20; minutes++) {
    await minute();
    expect((await cases()).filter(({ id, state }) => id !== lost.id && state !== 'waiting')).toEqual([]);
  }
});

test('what ended before its moment says nothing of what could be received by then', () => {
  const hops = { relayed: NOW, due: NOW + DAY, ended: NOW + 1_000 };
  expect(receivable(hops)).toBe(NOW + 1_000);
  expect(receivable({ ...hops, ended: NOW + DAY + 5 })).toBe(NOW + DAY);
  expect(receivable({ ...hops, relayed: undefined })).toBe(0);
});

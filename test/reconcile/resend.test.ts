import { describe, expect, test } from 'vitest';
import { messageTime } from '../../lib/message/message-id.ts';
import { resend } from '../../lib/reconcile/resend.ts';
import { delaying, HOUR } from './delaying-world.ts';
import { NOW } from './reconcile-world.ts';

describe('sending again', () => {
  const world = () => {
    const { routes, ...rest } = delaying();
    const [route] = routes;
    if (!route) throw new Error('The world has no route');
    return { ...rest, send: (id: string) => resend(rest.environment, rest.inspection, id, route) };
  };

  test('is never early: what is not due goes with the whole seconds that remain', async () => {
    const { commit, mint, at, send, queue, clock } = world();
    await send(commit(mint(0), 'order.placed', at(NOW + 90_900)));
    clock.pass(89_999);
    expect(queue('payment').receive(10)).toEqual([]);
    clock.pass(1);
    expect(queue('payment').receive(10)).toHaveLength(1);
  });

  test('says of what is due later than a queue can delay that there is nothing to send', async () => {
    const { commit, mint, at, send, queue } = world();
    const id = commit(mint(0), 'order.placed', at(NOW + HOUR));
    await expect(send(id)).rejects.toMatchObject({ code: 'not-due' });
    expect(queue('payment').messages()).toEqual([]);
    expect(messageTime(id)).toBe(NOW);
  });
});

import { describe, expect, test } from 'vitest';
import { messageTime } from '../../lib/message/message-id.ts';
import { resend } from '../../lib/reconcile/resend.ts';
import { serviceError } from '../faults.ts';
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
    const until = new Date(NOW + HOUR).toISOString();
    await expect(send(id)).rejects.toMatchObject({
      code: 'not-due',
      message: expect.stringContaining(`'${id}' waits until ${until}`),
    });
    expect(queue('payment').messages()).toEqual([]);
    expect(messageTime(id)).toBe(NOW);
  });

  test('says of what has expired when it did, and of what the queue does not take why', async () => {
    const { commit, mint, send, clock, environment, queue } = world();
    const id = commit(mint(0));
    const { sqs } = environment;
    const taken = sqs.send;
    sqs.send = () => Promise.reject(serviceError('AccessDenied'));
    await expect(send(id)).rejects.toMatchObject({
      code: 'send-failed',
      message: expect.stringContaining(`'${id}' could not be sent to 'payment': AccessDenied`),
    });
    sqs.send = taken;
    clock.pass(30 * 24 * HOUR);
    await expect(send(id)).rejects.toMatchObject({
      code: 'expired',
      message: expect.stringMatching(new RegExp(`^'${id}' expired at 2026-`)),
    });
    expect(queue('payment').messages()).toEqual([]);
  });
});

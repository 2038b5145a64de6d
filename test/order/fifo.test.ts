import { describe, expect, it } from 'vitest';
import { redrive } from 'waybill/operations';
import { publish } from 'waybill/runtime';
import { MemoryStack } from 'waybill/testing';
import { readFence } from '../../lib/ledger/fence.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { Books, booking, Deposited, Project, ProjectOn } from './shop.ts';

type Meet = (cents: number, attempt: number) => void;

/** A stack of one subscriber that has a FIFO queue. */
function stackOf(
  meet: Meet = () => undefined,
  subscriber: typeof Project | typeof ProjectOn = Project,
  around: (invoke: () => Promise<unknown>) => unknown = (invoke) => invoke(),
) {
  const handler = booking(subscriber, meet);
  const stack = new MemoryStack({
    subscribers: [subscriber],
    fifo: [subscriber],
    handlers: { [subscriber.name]: async (event, context) => around(async () => handler(event as never, context)) },
  });
  const environment = stack.environment();
  /** What was sent to the subscriber: the movement, and the group. */
  const sent: [cents: number, group: string | undefined][] = [];
  stack.engines.sqs.onEvent(({ kind, queue, message: { body, groupId } }) => {
    const [, cents] = /"cents":(\d+)/.exec(body) ?? [];
    if (kind === 'sent' && queue === `${subscriber.name}.fifo`) sent.push([Number(cents), groupId]);
  });
  const move = async (account: string, ...cents: readonly number[]) => {
    const ids: string[] = [];
    for (const one of cents) {
      ids.push((await publish(Deposited, { account, cents: one }, { environment })).id);
    }
    return ids;
  };
  const booked = (account = 'a') => stack.read(Books, { account })?.movements;
  const calls = () => ({ ...stack.environmentOf(subscriber.name).usage.calls });
  const fence = (account = 'a') => readFence(ledgerOf(environment), subscriber.name, account);
  return { stack, move, booked, sent, calls, fence };
}

/** Throws at the first attempts at a movement. */
function failing(cents: number, times: number): Meet {
  let left = times;
  return (one) => {
    if (one === cents && left-- > 0) throw new Error('the books are closed');
  };
}

describe('an ordered subscriber with a FIFO queue', () => {
  it.each([
    ['handles the messages of a key in order, in a batch with other keys, and parks none', undefined],
    ['reports all of a group behind a message that fails, so that none is parked', failing(1, 1)],
  ])('%s', async (_, handler) => {
    const { stack, move, booked, calls, fence } = stackOf(handler);
    await move('a', 1, 2, 3);
    await move('b', 4, 5);
    await stack.settle();
    expect([booked('a'), booked('b')]).toEqual(['1 2 3', '4 5']);
    expect(calls()).toMatchObject({ TransactWriteItems: 5 });
    expect((await fence())?.parked ?? 0).toBe(0);
  });

  it('has a message that fails twice leave its group, and those behind it wait parked', async () => {
    const { stack, move, booked, sent, fence } = stackOf(failing(1, 2));
    await move('a', 1, 2, 3);
    await stack.advance('1m');
    const own = expect.stringMatching(/^[0-9a-f]{32}$/);
    // Sent by the relay; then the first by its subscriber, and each of the others once its turn had come.
    expect(sent).toEqual([
      [1, 'a'],
      [2, 'a'],
      [3, 'a'],
      [1, own],
      [2, own],
      [3, own],
    ]);
    expect(booked()).toBe('1 2 3');
    expect(await fence()).toMatchObject({ n: 3, parked: 0 });
  });

  it('keeps the order over a dead letter that is sent again within the time of deduplication', async () => {
    const { stack, move, booked } = stackOf(failing(1, 4));
    const [first] = await move('a', 1, 2, 3);
    await stack.advance('1m');
    expect(await stack.deadLetters('project')).toMatchObject([{ id: first, reason: 'attempts-exhausted' }]);
    const [letter] = stack.queues.get('project-dead')?.receive(1) ?? [];
    if (letter) stack.queues.get('project')?.send({ ...letter, deduplicationId: 'again' });
    await stack.advance('1m');
    expect(booked()).toBe('1 2 3');
  });

  it('goes on without a dead message where it is to skip', async () => {
    const { stack, move, booked } = stackOf(failing(1, 3), ProjectOn);
    await move('a', 1, 2, 3);
    await stack.advance('2m');
    expect(booked()).toBe('2 3');
  });

  it('names a group by its key, or by the digest of a key that SQS takes for no name', async () => {
    const { stack, move, sent } = stackOf();
    await move('a', 1);
    await move('Zoë and Ada', 2);
    await stack.settle();
    expect(sent).toEqual([
      [1, 'a'],
      [2, expect.stringMatching(/^[0-9a-f]{64}$/)],
    ]);
  });

  it('parks what SQS gives up before its turn: only the next of a key is dead', async () => {
    let crashes = true;
    const { stack, move, booked, fence } = stackOf(
      () => undefined,
      Project,
      (invoke) => {
        if (crashes) throw new Error('out of memory');
        return invoke();
      },
    );
    const [first] = await move('a', 1, 2, 3);
    await stack.advance('3h');
    expect(await stack.deadLetters('project')).toMatchObject([{ id: first, reason: 'receives-exhausted' }]);
    expect(await fence()).toMatchObject({ parked: 2 });
    crashes = false;
    await redrive(Project, { environment: stack.environment() });
    await stack.advance('5m');
    expect(booked()).toBe('1 2 3');
  });
});

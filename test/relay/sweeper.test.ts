import { describe, expect, it } from 'vitest';
import type { Envelope } from '../../lib/message/envelope.ts';
import { messageShard } from '../../lib/message/message-id.ts';
import { refusedBy } from '../consume/shop.ts';
import { LONGEST_QUEUE_DELAY, MINUTE, type SendingWorld, SHARDS, START, sendingWorld } from './sending-world.ts';
import { sentIds, waiting } from './waiting-messages.ts';

const oneQueue = () => sendingWorld({ subscribers: ['close-offer'] });

describe('the sweep', () => {
  it('costs a read for each shard where nothing is due, three for all that is common to them, and no write', async () => {
    const world = oneQueue();
    await world.commitWaiting(waiting(world, 20, () => 10 * MINUTE + 1));
    await world.sweep();
    expect(world.operations()).toEqual(['Query', 'BatchGetItem', ...Array(SHARDS + 1).fill('Query')]);
    expect(world.environment.usage.writeUnits).toBe(0);
  });

  it('sends what is due within ten minutes, with what remains of its delay, and not what is due later', async () => {
    const world = oneQueue();
    const envelopes = waiting(world, 40, (index) => index * 15_000 + 700 + (index > 20 ? 6 * MINUTE : 0));
    await world.commitWaiting(envelopes);
    await world.sweep();
    const near = envelopes.filter(({ deliverat = '' }) => Date.parse(deliverat) <= START + 10 * MINUTE);
    expect(near.length).toBeGreaterThan(20);
    expect(sentIds(world).sort()).toEqual(near.map(({ id }) => id).sort());
    for (const { body, visibleAt } of world.queues['close-offer'].messages()) {
      expect(visibleAt).toBe(Date.parse(JSON.parse(body).deliverat) - 700);
    }
  });

  it('sends nothing again that a run before it has sent', async () => {
    const world = oneQueue();
    await world.commitWaiting(waiting(world, 200, (index) => index * 1_000));
    await world.sweep();
    await world.sweep();
    world.clock.pass(MINUTE);
    await world.sweep();
    expect(sentIds(world)).toHaveLength(200);
  });

  it('passes over what was taken back, and what cannot be read, and goes on', async () => {
    const world = oneQueue();
    const [cancelled, gone, corrupt, good] = waiting(world, 4, () => MINUTE) as [
      Envelope,
      Envelope,
      Envelope,
      Envelope,
    ];
    await world.commitWaiting([cancelled], { cancelled: START });
    await world.commitWaiting([corrupt], { envelope: '{"credit card": 4111' });
    await world.commitWaiting([gone, good]);
    world.engines.dynamodb.table('ledger').write(...deleted(world, gone));
    await world.sweep();
    expect(sentIds(world)).toEqual([good.id]);
    expect(world.summary('sweep')).toMatchObject({ due: 1, cancelled: 1, gone: 1, corrupt: 1 });
    expect(JSON.stringify(world.environment.lines)).not.toContain('4111');
    expect(world.environment.lines).toContainEqual({
      level: 'error',
      message: 'corrupt outbox row',
      fields: { pk: expect.stringContaining('out#'), sk: corrupt.id, reason: 'malformed-message' },
    });
  });

  it('may run twice at once: each message takes effect once', async () => {
    const world = oneQueue();
    await world.commitWaiting(waiting(world, 200, (index) => index * 100));
    await Promise.all([world.sweep(), world.otherSweep()]);
    await world.runUntil(START + 5 * MINUTE);
    expect(world.effects()).toHaveLength(200);
    expect(world.effects().filter(({ times }) => times !== 1)).toEqual([]);
  });

  it('may be missed nine times in a row', async () => {
    const world = oneQueue();
    const envelopes = waiting(world, 300, (index) => index * 5_000);
    await world.commitWaiting(envelopes);
    await world.runUntil(
      START + 30 * MINUTE,
      [0, 10, 20].map((minute) => START + minute * MINUTE),
    );
    expect(world.effects()).toHaveLength(300);
    for (const { offerId, at } of world.effects()) {
      const late = at - (START + Number(offerId) * 5_000);
      expect(late).toBeGreaterThanOrEqual(0);
      expect(late).toBeLessThanOrEqual(1_000);
    }
  });

  it('that is later still sends late, and loses nothing', async () => {
    const world = oneQueue();
    await world.commitWaiting(waiting(world, 300, (index) => index * 5_000));
    await world.runUntil(START + 40 * MINUTE, [START, START + 35 * MINUTE]);
    expect(world.effects()).toHaveLength(300);
  });
});

describe('a run that is cut off', () => {
  it('by a crash has written down how far it came, never further', async () => {
    const world = oneQueue();
    const envelopes = waiting(world, 500, (index) => index * 1_000);
    await world.commitWaiting(envelopes);
    let reads = 0;
    world.from('BatchGetItem', (apply) => {
      reads += 1;
      // Neither does an answer come, nor is anything sent: that is what a crash looks like from outside.
      if (reads > 4) return new Promise(() => undefined);
      return apply();
    });
    void world.sweep();
    await new Promise((resolve) => setImmediate(resolve));
    world.from('BatchGetItem', undefined);
    await world.sweep();
    expect(new Set(sentIds(world)).size).toBe(500);
  });

  it('before it could begin has swept no shard, and says of how many', async () => {
    const world = oneQueue();
    await world.commitWaiting(waiting(world, 10, () => MINUTE));
    await world.sweep(0);
    expect(sentIds(world)).toEqual([]);
    expect(world.summary('sweep')).toMatchObject({ unswept: SHARDS });
  });

  it('asks again for what DynamoDB left unread', async () => {
    const world = oneQueue();
    await world.commitWaiting(waiting(world, 400, () => MINUTE));
    let calls = 0;
    world.from('BatchGetItem', (_, { input }) => {
      calls += 1;
      const { RequestItems } = input as { RequestItems: { ledger: { Keys: object[] } } };
      const { Keys, ...rest } = RequestItems.ledger;
      const answered = calls % 3 === 0 ? 0 : Math.ceil(Keys.length / 2);
      const rows = Keys.slice(0, answered).flatMap((key) => [world.ledger.get(key as never) ?? []].flat());
      const left = Keys.slice(answered);
      return {
        Responses: { ledger: rows },
        UnprocessedKeys: left.length > 0 ? { ledger: { ...rest, Keys: left } } : {},
      };
    });
    await world.sweep();
    expect(new Set(sentIds(world)).size).toBe(400);
  });
});

describe('a destination that is broken', () => {
  it('holds up nothing: what cannot be sent is handed over to the forward queue, and sent once it can be', async () => {
    const world = sendingWorld();
    await world.commitWaiting(waiting(world, 100, (index) => index * 1_000));
    // Nothing goes into the subscriber's queue.
    world.from('SendMessageBatch', (apply, { input }) =>
      (input as { QueueUrl: string }).QueueUrl.endsWith('close-offer')
        ? refusedBy('KmsAccessDenied')(apply, { operation: '', input })
        : apply(),
    );
    await world.sweep();
    expect(world.summary('sweep')).toMatchObject({ handedOver: 100 });
    expect(Array.from({ length: SHARDS }, (_, shard) => world.cursor(shard))).not.toContain(undefined);
    world.from('SendMessageBatch', undefined);
    await world.runUntil(START + 5 * MINUTE);
    expect(world.effects()).toHaveLength(200);
    expect(world.effects().filter(({ times }) => times !== 1)).toEqual([]);
  });

  it('with everything else leaves the cursor before it, tells, and goes through the other shards', async () => {
    const world = oneQueue();
    const envelopes = waiting(world, 80, (index) => index * 1_000);
    await world.commitWaiting(envelopes);
    const bad = envelopes.find(({ id }) => messageShard(id) === 1) as Envelope;
    world.from('SendMessageBatch', (apply, { input }) =>
      JSON.stringify(input).includes(bad.id) ? refusedBy('AccessDenied')(apply, { operation: '', input }) : apply(),
    );
    await expect(world.sweep()).rejects.toMatchObject({
      code: 'send-failed',
      message: expect.stringMatching(/^Not sent: \d+ copies to 'close-offer' .* forward queue either/),
    });
    expect(world.cursor(1)).toBeUndefined();
    expect(world.environment.lines).toContainEqual({
      level: 'error',
      message: 'not swept',
      fields: expect.objectContaining({ pk: 'due#1', error: 'send-failed' }),
    });
    const others = envelopes.filter(({ id }) => messageShard(id) !== 1);
    expect(others.every(({ id }) => sentIds(world).includes(id))).toBe(true);

    world.from('SendMessageBatch', undefined);
    await world.sweep();
    expect(new Set(sentIds(world)).size).toBe(80);
  });

  it('whose cursor cannot be written is told, and swept again', async () => {
    const world = oneQueue();
    await world.commitWaiting(waiting(world, 10, () => MINUTE));
    world.from('UpdateItem', refusedBy('ProvisionedThroughputExceededException'));
    await expect(world.sweep()).rejects.toThrow('ProvisionedThroughputExceededException');
    expect(world.environment.lines).toContainEqual({
      level: 'error',
      message: 'not swept',
      fields: { shard: expect.any(Number), error: 'ProvisionedThroughputExceededException' },
    });
    world.from('UpdateItem', undefined);
    await world.sweep();
    expect(new Set(sentIds(world)).size).toBe(10);
  });
});

describe('a cursor', () => {
  it('never goes back: a run that is overtaken leaves the word to the one that came further', async () => {
    const world = oneQueue();
    await world.commitWaiting(waiting(world, 40, (index) => index * 30_000));
    world.clock.pass(5 * MINUTE);
    await world.sweep();
    const cursors = Array.from({ length: SHARDS }, (_, shard) => world.cursor(shard));
    // A clock that is behind looks at less than was sent already.
    world.clock.pass(-10 * MINUTE);
    await world.sweep();
    expect(Array.from({ length: SHARDS }, (_, shard) => world.cursor(shard))).toEqual(cursors);
  });

  it('moves on with each run, so that each message is sent by one of them', async () => {
    const world = oneQueue();
    await world.commitWaiting(waiting(world, 60, (index) => index * 20_000));
    const sent: number[] = [];
    for (let runs = 0; runs < 4; runs++) {
      await world.sweep();
      sent.push(sentIds(world).length);
      world.clock.pass(3 * MINUTE);
    }
    expect(new Set(sent).size).toBe(4);
    expect(new Set(sentIds(world)).size).toBe(sentIds(world).length);
  });

  it('is not moved back by a run that another one overtook while it was sending', async () => {
    const world = oneQueue();
    await world.commitWaiting(waiting(world, 40, (index) => index * 1_000));
    const further = `${new Date(START + 10 * MINUTE).toISOString()}#further`;
    world.from('UpdateItem', (apply, { input }) => {
      const { Key } = input as { Key: Record<string, { S: string }> };
      world.ledger.write(Key, { ...Key, upTo: { S: further } });
      return apply();
    });
    await world.sweep();
    expect(Array.from({ length: SHARDS }, (_, shard) => world.cursor(shard))).toEqual(Array(SHARDS).fill(further));
  });

  it('lies before every row that is still to be written, for those have more than 15 minutes to wait', async () => {
    const world = oneQueue();
    await world.commitWaiting(waiting(world, 40, (index) => index * 15_000));
    await world.sweep();
    const { id } = await world.publish('new', { delay: `${LONGEST_QUEUE_DELAY + 1}ms` });
    await world.runUntil(
      START + 20 * MINUTE,
      [5, 10, 15].map((minute) => START + minute * MINUTE),
    );
    expect(world.effects().map(({ offerId }) => offerId)).toContain('new');
    expect(world.receipts().map((receipt) => receipt.id)).toContain(id);
  });
});

/** The key of a message's outbox row, for it to be deleted. */
function deleted(world: SendingWorld, { id }: Envelope): [key: never, after: undefined] {
  const row = world.ledger.items().find(({ pk, sk }) => pk?.S?.startsWith('out#') && sk?.S === id);
  return [{ pk: row?.pk, sk: row?.sk } as never, undefined];
}

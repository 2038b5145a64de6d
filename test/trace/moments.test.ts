import { describe, expect, test } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { cancel } from '../../lib/cancel/cancel.ts';
import { reschedule } from '../../lib/cancel/reschedule.ts';
import { halfKey } from '../../lib/ledger/rows/half.ts';
import { outboxKey } from '../../lib/ledger/rows/outbox.ts';
import { encodeEnvelope } from '../../lib/message/envelope.ts';
import { readMessage } from '../../lib/trace/committed-message.ts';
import { trace, traceKey } from '../../lib/trace/trace.ts';
import { traceHalf } from '../../lib/trace/trace-half.ts';
import { DEADLINE, NOW, reconcileWorld } from '../reconcile/reconcile-world.ts';

const HOUR = 3_600_000;
const AGE = DEADLINE + 120_000;

function tracing() {
  const world = reconcileWorld({ subscribers: ['payment'] });
  return { ...world, trace: (id: string) => trace(world.environment, world.inspection, id) };
}

describe('the trace of a message that waits for its moment', () => {
  test('says when it is due, long after it was committed', async () => {
    const { commit, mint, at, wait, trace: traced } = tracing();
    const id = commit(mint(AGE), 'order.placed', at(NOW + HOUR));
    wait(id, NOW + HOUR);
    expect(await traced(id)).toMatchObject({
      due: NOW + HOUR,
      subscribers: [{ subscriber: 'payment', state: 'scheduled', due: NOW + HOUR, published: [] }],
    });
    expect((await traced(id)).subscribers[0]).not.toHaveProperty('overdueMs');
  });

  test('says of one that nothing has put to wait what is wrong, and that it is scheduled all the same', async () => {
    const { commit, mint, at, trace: traced } = tracing();
    const id = commit(mint(AGE), 'order.placed', at(NOW + HOUR));
    const { subscribers } = await traced(id);
    expect(subscribers).toMatchObject([{ state: 'scheduled', evidence: expect.stringContaining('put to wait') }]);
  });

  test('counts its lateness from its moment', async () => {
    const { commit, mint, at, relay, trace: traced } = tracing();
    const id = commit(mint(HOUR), 'order.placed', at(NOW - AGE));
    await relay(id, 'payment');
    expect((await traced(id)).subscribers).toMatchObject([{ state: 'missing', hop: 'broker', overdueMs: 120_000 }]);
    const due = commit(mint(HOUR), 'order.placed', at(NOW - 1_000));
    expect((await traced(due)).subscribers).toEqual([{ subscriber: 'payment', state: 'inFlight', published: [] }]);
  });
});

describe('the trace of a message that was taken back', () => {
  test('says when, and by whom', async () => {
    const { commit, mint, environment, trace: traced } = tracing();
    const id = commit(mint(AGE));
    await cancel(id, { environment });
    expect(await traced(id)).toMatchObject({
      cancelled: NOW,
      subscribers: [{ state: 'cancelled', function: 'producer' }],
    });
    const [delivery] = (await traced(id)).subscribers;
    for (const absent of ['received', 'attempts', 'request']) expect(delivery).not.toHaveProperty(absent);
  });

  test('says so where it is expected only since', async () => {
    const { commit, mint, trace: traced } = tracing();
    const id = commit(mint(AGE), 'order.placed', {}, { cancelled: NOW - 1_000 });
    expect(await traced(id)).toMatchObject({ cancelled: NOW - 1_000, subscribers: [{ state: 'cancelled' }] });
  });

  test('leads to the one in its place, whichever of their ids is asked for', async () => {
    const { commit, mint, environment, inspection, trace: traced } = tracing();
    const id = commit(mint(AGE, 'order-7'), 'order.placed', { partitionkey: 'order-7' });
    const { id: second } = await reschedule(id, { delay: '1h' }, { environment });
    const { id: third } = await reschedule(id, { delay: '2h' }, { environment });
    for (const asked of [id, second, third]) {
      expect(await traced(asked)).toMatchObject({
        id,
        cancelled: NOW,
        replacedBy: {
          id: second,
          cancelled: NOW,
          replacedBy: { id: third, due: NOW + 2 * HOUR, subscribers: [{ state: 'scheduled', due: NOW + 2 * HOUR }] },
        },
      });
    }
    const chains = await traceKey(environment, inspection, 'order-7', NOW - HOUR);
    expect(chains.map(({ id: root }) => root)).toEqual([id]);
  });
});

test('a trace says that a handshake is pending, and where it stopped', async () => {
  const { commit, mint, trace: traced } = tracing();
  const id = commit(mint(AGE), 'order.placed', {}, { sending: 'pending' });
  expect(await traced(id)).toMatchObject({
    handshake: 'pending',
    subscribers: [{ state: 'missing', hop: 'producer' }],
  });
});

describe('the trace of a half message', () => {
  const prepared = async (row: object = {}) => {
    const world = tracing();
    const half = world.mint(AGE);
    world.commit(half);
    const envelope = (await readMessage(world.ledger, half))?.envelope;
    if (!envelope) throw new Error('It was not committed');
    world.table.write(toItem(outboxKey(half)), undefined);
    const common = { state: 'prepared', transaction: 'debit-1', envelope: encodeEnvelope(envelope) };
    world.put(halfKey(half), { ...common, checkBackQueue: 'http://q', ttl: 0, ...row });
    return { ...world, half, traceHalf: () => traceHalf(world.environment, world.inspection, half) };
  };

  test('shows its row while it is not decided', async () => {
    const { half, traceHalf: traced } = await prepared({ quarantined: NOW });
    expect(await traced()).toEqual({
      half,
      state: 'prepared',
      type: 'order.placed',
      businessLine: 'orders',
      key: 'order-1',
      transaction: 'debit-1',
      prepared: NOW - AGE,
      quarantined: NOW,
    });
  });

  test('shows its message and what came of it, once it is committed', async () => {
    const { half, traceHalf: traced, commit, mint, end, put, table } = await prepared();
    const message = commit(mint(AGE));
    end(message, 'payment');
    const row = table.get(toItem(halfKey(half)));
    put(halfKey(half), { envelope: row?.envelope?.S, transaction: 'debit-1', state: 'committed', message });
    expect(await traced()).toMatchObject({
      state: 'committed',
      message,
      chain: { id: message, subscribers: [{ state: 'handled' }] },
    });
  });

  test('says so of an id that nobody prepared', async () => {
    const { environment, inspection, mint } = tracing();
    await expect(traceHalf(environment, inspection, mint(0))).rejects.toMatchObject({ code: 'unknown-message' });
    await expect(traceHalf(environment, inspection, 'order-7')).rejects.toMatchObject({ code: 'malformed-message' });
  });
});

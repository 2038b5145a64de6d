import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { consume } from '../../lib/consume/consume.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { FORMAT_VARIABLE, FORMATS, NEWEST_FORMAT } from '../../lib/ledger/rows/format.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import { trace, traceKey } from '../../lib/trace/trace.ts';

const Line = z.object({ sku: z.string(), quantity: z.int() });
const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), lines: z.array(Line) }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});
const Orders = defineTable('orders', {
  item: z.object({ orderId: z.string(), lines: z.array(Line), times: z.int() }),
  partitionKey: 'orderId',
});
const KeepOrder = defineSubscriber('keep-order', { consumes: [OrderPlaced], tables: [Orders] });
const CountOrder = defineSubscriber('count-order', { consumes: [OrderPlaced], tables: [Orders] });

/** Enough of the same for a compressed row. */
const lines = Array.from({ length: 200 }, (_, line) => ({ sku: `sku-${line % 7}`, quantity: line }));

function openShop() {
  const stack = new MemoryStack({
    subscribers: [KeepOrder, CountOrder],
    streams: { orders: [CountOrder] },
    handlers: {
      'keep-order': consume(KeepOrder, ({ orderId, lines: kept }, { tx }) => {
        tx.update(Orders, { orderId }, { create: true, set: { lines: kept }, add: { times: 1 } });
      }),
      'count-order': consume(CountOrder, ({ orderId, lines: kept }, { tx }) => {
        tx.update(Orders, { orderId: `stream ${orderId}` }, { create: true, set: { lines: kept }, add: { times: 1 } });
      }),
    },
    ledger: 'ledger',
  });
  const place = (orderId: string, format: number, delay?: number) => {
    const now = stack.now;
    const deliverAt = delay === undefined ? {} : { deliverAt: now + delay };
    const envelope = stack.outbox.envelope(OrderPlaced, { orderId, lines }, deliverAt);
    stack.outbox.write(envelope, {}, format);
    return envelope;
  };
  return {
    stack,
    place,
    /** What took effect, and how often, at both subscribers. */
    effects: (orderId: string) => [orderId, `stream ${orderId}`].map((id) => stack.read(Orders, { orderId: id })),
    /** From now on a function is as it was before formats that are newer than this. */
    deploy: (name: string, newest: number) =>
      Object.assign(stack.environmentOf(name).variables, { [FORMAT_VARIABLE]: String(newest) }),
  };
}

const once = (orderId: string) => [
  { orderId, lines, times: 1 },
  { orderId: `stream ${orderId}`, lines, times: 1 },
];

describe.each(Object.entries(FORMATS))('rows of the format %s', (_, format) => {
  it('take effect once at every subscriber, by queue and by stream', async () => {
    const { stack, place, effects } = openShop();
    const { id } = place('order-1', format);
    await stack.advance('5m');
    expect(effects('order-1')).toEqual(once('order-1'));
    const options = { ledger: 'ledger', shards: 16 };
    expect(await trace(stack.environment(), options, id)).toMatchObject({ id, key: 'order-1', type: 'order.placed' });
    expect(await traceKey(stack.environment(), options, 'order-1', stack.now - 600_000)).toMatchObject([{ id }]);
  });

  it('wait for their moment, and are swept', async () => {
    const { stack, place, effects } = openShop();
    place('order-1', format, 3_600_000);
    await stack.advance('59m');
    expect(effects('order-1')).toEqual([undefined, undefined]);
    await stack.advance('2m');
    expect(effects('order-1')).toEqual(once('order-1'));
  });
});

describe('a row of a format that is not known yet', () => {
  const newest = NEWEST_FORMAT;

  it('is met again by the relay that knows it, and holds up nobody meanwhile', async () => {
    const { stack, place, effects, deploy } = openShop();
    for (const name of ['relay', 'forwarder', 'reconciler', 'sweep']) deploy(name, newest - 1);
    place('order-1', newest);
    place('order-2', newest - 1);
    await stack.advance('3h');
    expect([effects('order-1'), effects('order-2')]).toEqual([[undefined, undefined], once('order-2')]);
    for (const name of ['relay', 'forwarder', 'reconciler', 'sweep']) deploy(name, newest);
    await stack.advance('30m');
    expect(effects('order-1')).toEqual(once('order-1'));
  });

  it('comes again also to a sweep', async () => {
    const { stack, place, effects, deploy } = openShop();
    place('order-1', newest, 3_600_000);
    await stack.advance('10m');
    for (const name of ['relay', 'forwarder', 'reconciler', 'sweep']) deploy(name, newest - 1);
    await stack.advance('2h');
    expect(effects('order-1')).toEqual([undefined, undefined]);
    for (const name of ['relay', 'forwarder', 'reconciler', 'sweep']) deploy(name, newest);
    await stack.advance('30m');
    expect(effects('order-1')).toEqual(once('order-1'));
  });

  it('is refused by a command that would show or change it, which says why', async () => {
    const { stack, place } = openShop();
    const { id } = place('order-1', newest);
    const variables = { [FORMAT_VARIABLE]: String(newest - 1), [BINDINGS.producer]: 'till' };
    const environment = stack.environment({ variables });
    const refused = expect.objectContaining({ code: 'unknown-row-format' });
    await expect(trace(environment, { ledger: 'ledger', shards: 16 }, id)).rejects.toEqual(refused);
  });
});

describe('an encoding that is not known yet', () => {
  it('is no attempt, and the message takes effect once it is', async () => {
    const { stack, place, effects, deploy } = openShop();
    for (const name of ['keep-order', 'count-order']) deploy(name, FORMATS.packed);
    place('order-1', FORMATS.compressed);
    await stack.advance('6h');
    expect(effects('order-1')).toEqual([undefined, undefined]);
    const failures = stack.ledger.rows().filter(({ pk }) => String(pk).startsWith('fail#'));
    expect(failures).toMatchObject([
      { attempts: 0, reason: 'unknown-encoding' },
      { attempts: 0, reason: 'unknown-encoding' },
    ]);
    for (const name of ['keep-order', 'count-order']) deploy(name, FORMATS.compressed);
    await stack.advance('1h');
    expect(effects('order-1')).toEqual(once('order-1'));
  });
});

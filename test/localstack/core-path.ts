import { afterAll, beforeAll, expect, test } from 'vitest';
import { producer, publish, transact } from 'waybill/runtime';
import { describeLeftOut, type HostEndpoints } from 'waybill/testing';
import { auditRun, stockUpFor } from '../../demo/audit.ts';
import { SUBSCRIBERS } from '../../demo/deployment.ts';
import { generateOrders, ordersOfRun } from '../../demo/orders.ts';
import { OrderPlaced, Orders } from '../../examples/commerce/contract.ts';
import { type Order, placeOrder } from '../../examples/commerce/place-order.ts';
import { learnFormat, turnFormat } from '../../lib/ledger/format.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { FORMATS, NEWEST_FORMAT } from '../../lib/ledger/rows/format.ts';
import { envelopeOf, type OutboxRow } from '../../lib/ledger/rows/outbox.ts';
import { encodeEnvelope } from '../../lib/message/envelope.ts';
import { HostedShop } from './hosted-shop.ts';

const ORDERS = 40;
/** Placed at once, so that the relay has several batches. */
const GROUP = 5;
/** An order whose payload takes its row over a write unit, unless it is compressed. */
function lengthened(order: Order): Order {
  const long = (text: string) => text.padEnd(128, '界');
  return { ...order, customerId: long(order.customerId), sku: long(order.sku) };
}

/**
 * The example shop, end to end, in engines that have queues, streams, buckets and tables: what is promised on AWS and on
 * the embedded engine holds there too.
 *
 * @param start answers where the engines are
 */
export function testCorePath(start: () => Promise<HostEndpoints>): void {
  let shop: HostedShop;

  beforeAll(async () => {
    shop = await HostedShop.open(await start());
  });

  afterAll(() => shop?.stacks.destroy());

  const committed = async () => {
    const rows = await shop.ledgerRows<OutboxRow>('out#');
    return rows.map((row) => envelopeOf(row, shop.deployment.ledger));
  };
  /** In which format the messages of these orders were committed, and whether any of them is compressed. */
  const formatsOf = async (orders: readonly Order[]) => {
    const rows = await shop.ledgerRows<OutboxRow>('out#');
    const keys = new Set(orders.map(({ orderId }) => orderId));
    const own = rows.filter((row) => keys.has(envelopeOf(row, shop.deployment.ledger).partitionkey));
    const formats = new Set(own.filter(({ type }) => type === 'order.placed').map(({ format = 1 }) => format));
    return { formats: [...formats], compressed: own.some(({ data }) => data instanceof Uint8Array) };
  };
  /** From now on the producers of this process write outbox rows in a format. */
  const turn = async (format: number) => {
    const ledger = ledgerOf(shop.stacks.environment);
    expect(await turnFormat(ledger, format)).toEqual([]);
    await learnFormat(ledger);
  };
  /** How often each message that was committed has ended at each subscriber that consumes it, and how. */
  const endings = async () => {
    const rows = await shop.ledgerRows('in#');
    return rows.map(({ pk, sk, state }) => `${String(pk).split('#')[1]} ${sk} ${state}`).sort();
  };
  const expectedEndings = async () => {
    const messages = await committed();
    return SUBSCRIBERS.flatMap(({ name, consumes }) =>
      messages
        .filter(({ type }) => consumes.some((event) => event.type === type))
        .map(({ id }) => `${name} ${id} handled`),
    ).sort();
  };
  const place = async (orders: readonly Order[]) => {
    const { environment } = shop.stacks;
    await stockUpFor(orders, { environment });
    for (let from = 0; from < orders.length; from += GROUP) {
      await Promise.all(orders.slice(from, from + GROUP).map((order) => placeOrder(order, { environment })));
    }
  };

  test('what the engines do not host is named, and nothing else is left out', () => {
    const types = new Set(shop.stacks.leftOut.map(({ type }) => type));
    const dataPlane = [
      'AWS::DynamoDB::GlobalTable',
      'AWS::Kinesis::Stream',
      'AWS::Lambda::EventSourceMapping',
      'AWS::S3::Bucket',
      'AWS::SQS::Queue',
      'Custom::WaybillRoute',
    ];
    expect(dataPlane.filter((type) => types.has(type))).toEqual([]);
    // Nothing runs on a schedule here, and nobody looks at a dashboard.
    const functions = shop.stacks.leftOut.filter(({ type }) => type === 'AWS::Lambda::Function');
    expect(functions.map(({ logicalId }) => logicalId.replace(/.*(Reconcile|Radar|Sweep).*/, '$1')).sort()).toEqual([
      'Radar',
      'Reconcile',
      'Sweep',
    ]);
    expect(describeLeftOut(shop.stacks.leftOut)).toContainEqual(
      expect.stringMatching(/^\d+ × AWS::IAM::Role: permissions are not enforced here$/),
    );
  });

  test('whatever befalls the wire, each message takes effect once at each subscriber', async () => {
    const orders = ordersOfRun('faulty', generateOrders(ORDERS, 1));
    await learnFormat(ledgerOf(shop.stacks.environment));
    shop.faults.active = true;
    shop.stacks.poller.start();
    await place(orders);
    await shop.stacks.poller.stop();
    await shop.stacks.runUntilIdle({ within: '10m' });
    shop.faults.active = false;
    expect(await auditRun('faulty', orders, {}, shop.stacks.environment)).toMatchObject({
      conserved: true,
      findings: [],
    });
    expect(await endings()).toEqual(await expectedEndings());
    expect([...shop.faults.struck].sort()).toEqual(shop.faults.all.toSorted());
    expect((await formatsOf(orders)).formats).toEqual([NEWEST_FORMAT]);
  });

  test('a payload that is compressed takes effect once at each subscriber, on queues and on the stream', async () => {
    const orders = ordersOfRun('long', generateOrders(2, 4)).map(lengthened);
    await place(orders);
    await shop.stacks.runUntilIdle({ within: '10m' });
    expect(await formatsOf(orders)).toEqual({ formats: [FORMATS.compressed], compressed: true });
    expect(await auditRun('long', orders, {}, shop.stacks.environment)).toMatchObject({ findings: [] });
    expect(await endings()).toEqual(await expectedEndings());
  });

  test('copies of all messages change nothing', async () => {
    const orders = ordersOfRun('faulty', generateOrders(ORDERS, 1));
    for (const envelope of await committed()) {
      for (const { name, consumes } of SUBSCRIBERS) {
        if (consumes.some(({ type }) => type === envelope.type)) await shop.deliverCopy(name, encodeEnvelope(envelope));
      }
    }
    await shop.stacks.runUntilIdle({ within: '10m' });
    expect(await auditRun('faulty', orders, {}, shop.stacks.environment)).toMatchObject({ findings: [] });
    expect(await endings()).toEqual(await expectedEndings());
  });

  test('what is delayed, and what is sent by handshake, takes effect once at each subscriber', async () => {
    const { environment } = shop.stacks;
    const orders = ordersOfRun('waiting', generateOrders(2, 3));
    await turn(FORMATS.packed);
    await stockUpFor(orders, { environment });
    await transact(
      (tx) => {
        for (const { paymentSequence: _, ...row } of orders) tx.put(Orders, { ...row, status: 'UNPAID' });
      },
      { environment },
    );
    const [later, now] = orders as [Order, Order];
    await publish(OrderPlaced, later, { environment, delay: '3s' });
    expect(await producer.send(OrderPlaced, now, { environment })).toMatchObject({ state: 'sent' });
    await shop.stacks.runUntilIdle({ within: '10m' });
    expect(await endings()).toEqual(await expectedEndings());
    expect(await formatsOf(orders)).toEqual({ formats: [FORMATS.packed], compressed: false });
  });

  test('what nobody can handle is dead-lettered with its bytes and the reason, and harms nothing else', async () => {
    const orders = ordersOfRun('poisoned', generateOrders(GROUP, 2));
    const [sample] = await committed();
    if (!sample) throw new Error('Nothing was committed');
    // Another message than the sample, which has ended.
    const id = `${sample.id.slice(0, 24)}dead${sample.id.slice(28)}`;
    const wrong = encodeEnvelope({ ...sample, id, type: 'order.placed', data: { orderId: 7 } });
    for (const subscriber of ['take-payment', 'count-sales']) {
      await shop.deliverCopy(subscriber, 'no envelope');
      await shop.deliverCopy(subscriber, wrong);
    }
    await place(orders);
    await shop.stacks.runUntilIdle({ within: '10m' });
    expect(await auditRun('poisoned', orders, {}, shop.stacks.environment)).toMatchObject({ findings: [] });
    const letters = await shop.stacks.takeDeadLetters();
    const said = letters.map(({ subscriber, bytes, reason }) => [subscriber, Buffer.from(bytes).toString(), reason]);
    expect(said.sort()).toEqual(
      ['count-sales', 'take-payment'].flatMap((name) => [
        [name, 'no envelope', 'malformed-message'],
        [name, wrong, 'invalid-payload'],
      ]),
    );
  });
}

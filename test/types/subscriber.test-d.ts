import { describe, expectTypeOf, it } from 'vitest';
import { defineEvent, defineSequence, defineSubscriber } from 'waybill';
import { producer, publish, transact } from 'waybill/runtime';
import { z } from 'zod';
import { FollowOrders, type OrderCancelled, OrderPlaced, ReserveStock, Stock, StockReserved } from './shop.ts';

describe('a subscriber', () => {
  it('keeps what it declares, in order', () => {
    expectTypeOf(ReserveStock.name).toEqualTypeOf<'reserve-stock'>();
    expectTypeOf(FollowOrders.consumes).toEqualTypeOf<readonly [typeof OrderPlaced, typeof OrderCancelled]>();
    expectTypeOf(ReserveStock.publishes).toEqualTypeOf<readonly [typeof StockReserved]>();
    expectTypeOf(ReserveStock.tables).toEqualTypeOf<readonly [typeof Stock]>();
  });

  it('publishes nothing and has no tables unless it says so', () => {
    const Idle = defineSubscriber('idle', { consumes: [OrderPlaced] });
    expectTypeOf(Idle.publishes).toEqualTypeOf<readonly []>();
    expectTypeOf(Idle.tables).toEqualTypeOf<readonly []>();
  });

  it('consumes something', () => {
    // @ts-expect-error it consumes nothing
    defineSubscriber('idle', { consumes: [] });
    // @ts-expect-error it does not say what it consumes
    defineSubscriber('idle', { publishes: [StockReserved] });
  });

  it('consumes events, publishes events and writes tables', () => {
    // @ts-expect-error a table is no event
    defineSubscriber('mixed-up', { consumes: [Stock] });
    // @ts-expect-error a table is no event
    defineSubscriber('mixed-up', { consumes: [OrderPlaced], publishes: [Stock] });
    // @ts-expect-error an event is no table
    defineSubscriber('mixed-up', { consumes: [OrderPlaced], tables: [OrderPlaced] });
    // @ts-expect-error the name of an event is not the event
    defineSubscriber('mixed-up', { consumes: ['order.placed'] });
  });

  it('has a deadline with a unit', () => {
    defineSubscriber('slow', { consumes: [OrderPlaced], deadline: '15m' });
    // @ts-expect-error 900 of what?
    defineSubscriber('slow', { consumes: [OrderPlaced], deadline: 900 });
  });

  it('is ordered where all of its events are in a sequence', () => {
    const Orders = defineSequence('orders');
    const options = {
      schema: z.object({ id: z.string() }),
      key: ({ id }: { id: string }) => id,
      businessLine: 'orders',
    };
    const Opened = defineEvent('opened', { ...options, sequence: Orders });
    const Closed = defineEvent('closed', { ...options, sequence: Orders });
    defineSubscriber('keeps-order', { consumes: [Opened, Closed], ordered: { onDead: 'block' } });
    // @ts-expect-error it does not say what becomes of a key whose next message is dead
    defineSubscriber('keeps-order', { consumes: [Opened], ordered: {} });
    // @ts-expect-error one of its events is in no sequence
    defineSubscriber('keeps-order', { consumes: [Opened, OrderPlaced], ordered: { onDead: 'skip' } });
    // @ts-expect-error what has its place in an order cannot be delayed
    void publish(Opened, { id: '1' }, { delay: '1m' });
    // @ts-expect-error
    void producer.send(Opened, { id: '1' }, { deliverAt: new Date() });
    void transact((tx) => {
      tx.publish(Opened, { id: '1' });
      // @ts-expect-error
      tx.publish(Opened, { id: '1' }, { delay: '1m' });
    });
    void publish(OrderPlaced, {} as never, { delay: '1m' });
  });
});

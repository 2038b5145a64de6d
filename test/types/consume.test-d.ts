import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import type middy from '@middy/core';
import type { Context, KinesisStreamEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { describe, expectTypeOf, it } from 'vitest';
import { consume, type Message, type MessageEffects, type Transaction } from 'waybill/runtime';
import { FollowOrders, type OrderCancelled, ReserveStock, type Stock, type StockReserved } from './shop.ts';

interface Order {
  orderId: string;
  sku: string;
  quantity: number;
}

describe('the handler of one event', () => {
  it("gets the payload as the schema's output, and its message", () => {
    consume(ReserveStock, async (order, { tx, message }) => {
      expectTypeOf(order).toEqualTypeOf<Order>();
      expectTypeOf(message).toEqualTypeOf<Message<'order.placed'> & MessageEffects<readonly []>>();
      expectTypeOf(tx).toEqualTypeOf<Transaction<typeof Stock, typeof StockReserved>>();
    });
  });

  it('may be given by the name of its event, or return at once', () => {
    consume(ReserveStock, {
      'order.placed': (order) => {
        expectTypeOf(order).toEqualTypeOf<Order>();
      },
    });
    consume(ReserveStock, () => {});
  });

  it('finds no field that the payload does not have', () => {
    consume(ReserveStock, async (order) => {
      // @ts-expect-error the field is called orderId
      order.orderID;
    });
  });

  it('returns nothing: what it says goes through tx', () => {
    // @ts-expect-error a batch response is the framework's business
    consume(ReserveStock, async () => ({ batchItemFailures: [] }));
    // @ts-expect-error nobody reads what a handler returns
    consume(ReserveStock, async (order) => order.quantity);
  });
});

describe('the handlers of several events', () => {
  it('each get the payload of their event', () => {
    consume(FollowOrders, {
      'order.placed': async (placed, { message }) => {
        expectTypeOf(placed).toEqualTypeOf<Order>();
        expectTypeOf(message.type).toEqualTypeOf<'order.placed'>();
      },
      'order.cancelled': async (cancelled, { message }) => {
        expectTypeOf(cancelled).toEqualTypeOf<{ orderId: string; reason: string; at: number }>();
        expectTypeOf(message.type).toEqualTypeOf<'order.cancelled'>();
      },
    });
  });

  it('are all there', () => {
    // @ts-expect-error 'order.cancelled' is unhandled
    consume(FollowOrders, { 'order.placed': async () => {} });
    // @ts-expect-error nothing is handled
    consume(ReserveStock, {});
  });

  it('are for events that the subscriber consumes', () => {
    consume(ReserveStock, {
      'order.placed': async () => {},
      // @ts-expect-error the subscriber does not consume it
      'order.cancelled': async () => {},
    });
  });

  it('are not one function, which could not tell the payloads apart', () => {
    // @ts-expect-error two events need two handlers
    consume(FollowOrders, async () => {});
  });

  it('are not for the payload of another event', () => {
    consume(FollowOrders, {
      'order.placed': async () => {},
      // @ts-expect-error that is the payload of order.placed
      'order.cancelled': async (order: Order) => {
        order.sku;
      },
    });
  });

  it('share one transaction type', () => {
    consume(FollowOrders, {
      'order.placed': async (_, { tx }) => {
        expectTypeOf(tx.publish<typeof OrderCancelled>).returns.toEqualTypeOf<string>();
      },
      'order.cancelled': async () => {},
    });
  });
});

describe('a consumer', () => {
  const handler = consume(ReserveStock, async () => {});

  it('is what Lambda calls, for queues and streams', () => {
    expectTypeOf(handler).toBeCallableWith({} as SQSEvent, {} as Context);
    expectTypeOf(handler).toBeCallableWith({} as KinesisStreamEvent, {} as Context);
    expectTypeOf(handler({} as SQSEvent, {} as Context)).resolves.toEqualTypeOf<SQSBatchResponse>();
  });

  it('takes middlewares, and is still what Lambda calls', () => {
    const watched = handler.use({ after: () => {} }).before(({ event }) => {
      expectTypeOf(event).toEqualTypeOf<SQSEvent | KinesisStreamEvent>();
    });
    expectTypeOf(watched({} as SQSEvent, {} as Context)).resolves.toEqualTypeOf<SQSBatchResponse>();
  });

  it('takes the middlewares of other libraries', () => {
    const { use } = handler;
    expectTypeOf(use).toBeCallableWith(injectLambdaContext(new Logger()));
    expectTypeOf(use).toBeCallableWith([injectLambdaContext(new Logger())]);
    const ofMiddy = {} as middy.MiddlewareObj<{ body: string }, number, Error, Context & { secret: string }>;
    expectTypeOf(use).toBeCallableWith(ofMiddy);
    // @ts-expect-error no middleware
    handler.use({ before: 'order' });
  });

  it('has options that are checked', () => {
    consume(ReserveStock, async () => {}, { concurrency: 20 });
    // @ts-expect-error no such option
    consume(ReserveStock, async () => {}, { parallel: 20 });
  });
});

import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { generateOrders } from '../../demo/orders.ts';
import { placeOrder } from '../../examples/commerce/place-order.ts';
import { fakeEnvironment } from '../aws/fake-environment.ts';

const [order] = generateOrders(1, 1);
const variables = { WAYBILL_PRODUCER: 'shop', WAYBILL_TABLE_ORDERS: 'orders-table' };

test('an order and its message are committed in one transaction', async () => {
  const environment = fakeEnvironment({ variables });
  const id = await placeOrder(order!, { environment });
  const [input, ...more] = environment.inputs('TransactWriteItems');
  expect(more).toEqual([]);
  expect(input?.TransactItems).toMatchObject([
    { Put: { TableName: 'orders-table', Item: { orderId: { S: order!.orderId }, status: { S: 'UNPAID' } } } },
    { Put: { Item: { sk: { S: id } } } },
  ]);
});

test('an order that is there already is announced again, as a new message', async () => {
  const environment = fakeEnvironment({
    variables,
    answers: {
      TransactWriteItems: () => {
        const CancellationReasons = [{ Code: 'ConditionalCheckFailed' }, { Code: 'None' }];
        throw new TransactionCanceledException({ message: 'cancelled', CancellationReasons, $metadata: {} });
      },
    },
  });
  const id = await placeOrder(order!, { environment });
  expect(environment.inputs('TransactWriteItems')).toHaveLength(1);
  expect(environment.inputs('PutItem')).toMatchObject([{ Item: { sk: { S: id } } }]);
});

test('an outcome that stays unknown is not reported as done', async () => {
  const environment = fakeEnvironment({
    variables,
    answers: {
      TransactWriteItems: () => {
        throw new Error('socket hang up');
      },
    },
  });
  await expect(placeOrder(order!, { environment })).rejects.toMatchObject({ code: 'commit-undecided' });
});

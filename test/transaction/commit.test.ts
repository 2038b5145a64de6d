import { TransactWriteItemsCommand, type TransactWriteItemsCommandInput } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { commit } from '../../lib/transaction/commit.ts';
import type { Action } from '../../lib/transaction/pending-transaction.ts';
import { cancelledFor, openShop, refusedBy, replyLost, type Shop } from '../consume/shop.ts';

const SOON = 20_000;

function adding(shop: Shop, quantity = 1): Action[] {
  shop.stock(5);
  const item = {
    Update: {
      TableName: 'stock',
      Key: { sku: { S: 'a' } },
      UpdateExpression: 'ADD quantity :q',
      ExpressionAttributeValues: { ':q': { N: String(quantity) } },
    },
  };
  return [{ item, role: { kind: 'business', otherwise: 'retry' }, row: 'the stock' }];
}

const sent = (shop: Shop) => shop.calls.map(({ input }) => input as TransactWriteItemsCommandInput);

test('a transaction is committed by one call, under a token, and tells what it cost', async () => {
  const shop = openShop();
  expect(await commit(shop.environment, adding(shop), shop.clock.now() + SOON)).toEqual({ kind: 'committed' });
  expect(shop.left()).toBe(6);
  expect(sent(shop)).toMatchObject([
    { ClientRequestToken: expect.stringMatching(/^[0-9a-f-]{36}$/), ReturnConsumedCapacity: 'TOTAL' },
  ]);
  expect(shop.environment.usage).toEqual({ calls: { TransactWriteItems: 1 }, writeUnits: 2, readUnits: 0 });
});

test.each([
  ['throttling', refusedBy('ThrottlingException')],
  ['exhausted throughput', refusedBy('ProvisionedThroughputExceededException')],
  ['a request limit', refusedBy('RequestLimitExceeded')],
  ['a transaction under the same token in progress', refusedBy('TransactionInProgressException')],
  ['an error of the service', refusedBy('InternalServerError', 'server')],
  ['a lost reply', replyLost],
  ['a conflict', cancelledFor('TransactionConflict')],
  ['throttling of one item', cancelledFor('ThrottlingError')],
  ['throughput of one item', cancelledFor('ProvisionedThroughputExceeded')],
])('%s is met by sending the identical transaction again, which takes effect once', async (_, fault) => {
  const shop = openShop();
  const actions = adding(shop);
  shop.next('TransactWriteItems', fault, fault, fault);
  expect(await commit(shop.environment, actions, shop.clock.now() + SOON)).toEqual({ kind: 'committed' });
  expect(shop.left()).toBe(6);
  const [first, ...others] = sent(shop);
  expect(others).toEqual([first, first, first]);
});

test('two transactions have two tokens, though they say the same', async () => {
  const shop = openShop();
  const actions = adding(shop);
  await commit(shop.environment, actions, shop.clock.now() + SOON);
  await commit(shop.environment, actions, shop.clock.now() + SOON);
  expect(shop.left()).toBe(7);
});

test('what stays undecided is given up before time is up, and said to be unknown', async () => {
  const shop = openShop();
  shop.from('TransactWriteItems', refusedBy('ThrottlingException'));
  const started = shop.clock.now();
  const committed = commit(shop.environment, adding(shop), started + SOON);
  await expect(committed).rejects.toMatchObject({ code: 'commit-undecided' });
  expect(shop.clock.now()).toBeLessThan(started + SOON);
  expect(shop.clock.now()).toBeGreaterThan(started + SOON - 1_000);
  expect(shop.calls.length).toBeLessThan(100);
});

test('the pauses between tries grow, and differ', async () => {
  const shop = openShop();
  const at: number[] = [];
  shop.from('TransactWriteItems', () => {
    at.push(shop.clock.now());
    return refusedBy('ThrottlingException')(() => ({}), { operation: '', input: {} });
  });
  await commit(shop.environment, adding(shop), shop.clock.now() + SOON).catch(() => undefined);
  const pauses = at.slice(1).map((moment, index) => moment - (at[index] ?? 0));
  pauses.forEach((pause, index) => {
    expect(pause).toBeGreaterThan(0);
    expect(pause).toBeLessThanOrEqual(Math.min(1_000, 25 * 2 ** index));
  });
  expect(new Set(pauses).size).toBeGreaterThan(5);
});

test.each(['AccessDeniedException', 'ResourceNotFoundException', 'IdempotentParameterMismatchException'])(
  '%s is not tried again: an operator has to mend it',
  async (name) => {
    const shop = openShop();
    shop.from('TransactWriteItems', refusedBy(name));
    const committed = commit(shop.environment, adding(shop), shop.clock.now() + SOON);
    await expect(committed).rejects.toMatchObject({ code: 'commit-undecided', message: expect.stringContaining(name) });
    expect(shop.calls).toHaveLength(1);
  },
);

test('a transaction that DynamoDB cannot read is refused for good', async () => {
  const shop = openShop();
  const [action] = adding(shop) as [Action];
  const decision = await commit(shop.environment, [action, action], shop.clock.now() + SOON);
  expect(decision).toMatchObject({ kind: 'refused', index: -1, code: expect.stringContaining('one item') });
  expect(shop.calls).toHaveLength(1);
});

test('a write that does not fit its row is refused for good, naming the action', async () => {
  const shop = openShop();
  const [action] = adding(shop) as [Action];
  await shop.environment.dynamodb.send(
    new TransactWriteItemsCommand({
      TransactItems: [{ Put: { TableName: 'stock', Item: { sku: { S: 'b' }, quantity: { S: 'many' } } } }],
    }),
  );
  const other = { ...action, item: { Update: { ...action.item.Update, Key: { sku: { S: 'b' } } } } } as Action;
  const decision = await commit(shop.environment, [action, other], shop.clock.now() + SOON);
  expect(decision).toEqual({ kind: 'refused', index: 1, code: 'ValidationError' });
  expect(shop.left()).toBe(5);
});

test('a condition that does not hold is no reason to try again', async () => {
  const shop = openShop();
  const [action] = adding(shop) as [Action];
  const conditional = {
    ...action,
    item: { Update: { ...action.item.Update, ConditionExpression: 'attribute_not_exists(sku)' } },
  } as Action;
  const decision = await commit(shop.environment, [conditional], shop.clock.now() + SOON);
  expect(decision).toEqual({ kind: 'conditionFailed', index: 0, otherwise: 'retry', conflict: false });
  expect(shop.calls).toHaveLength(1);
});

import {
  type AttributeValue,
  TransactWriteItemsCommand,
  type TransactWriteItemsCommandInput,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { inboxPut } from '../../lib/ledger/inbox.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { FORMATS } from '../../lib/ledger/rows/format.ts';
import { outboxRow } from '../../lib/ledger/rows/outbox.ts';
import type { Envelope } from '../../lib/message/envelope.ts';
import type { Action } from '../../lib/transaction/action.ts';
import { commit } from '../../lib/transaction/commit.ts';
import { cancelledFor, ORDER, OrderPlaced, openShop, refusedBy, replyLost, type Shop } from '../consume/shop.ts';
import { requestLost } from '../faults.ts';

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
    { ClientRequestToken: expect.stringMatching(/^[0-9a-f]{32}$/), ReturnConsumedCapacity: 'TOTAL' },
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

describe('a commit of one row of the ledger', () => {
  const outbox = (shop: Shop, envelope = shop.envelopeOf(OrderPlaced, ORDER), format = 1): Action => ({
    item: { Put: { TableName: 'ledger', Item: toItem(outboxRow(envelope, format)) } },
    role: { kind: 'outbox' },
    row: 'the message',
  });
  const inbox = (shop: Shop, envelope = shop.envelopeOf(OrderPlaced, ORDER), redriven = false): Action => {
    const ran = { subscriber: 'reserve-stock', received: shop.clock.now(), deliveries: 1, function: 'f', request: 'r' };
    const ending = { ...ran, envelope, state: 'handled' as const, redriven };
    return {
      item: { Put: inboxPut(ledgerOf(shop.environment), ending) },
      role: { kind: 'inbox' },
      row: 'the inbox row',
    };
  };
  const rows = { outbox: (shop: Shop) => outbox(shop), inbox: (shop: Shop) => inbox(shop) };
  const kinds = Object.keys(rows) as (keyof typeof rows)[];

  test.each(kinds)('%s: is a conditional put of one write unit', async (kind) => {
    const shop = openShop();
    const action = rows[kind](shop);
    expect(await commit(shop.environment, [action], shop.clock.now() + SOON)).toEqual({ kind: 'committed' });
    expect(shop.environment.usage).toEqual({ calls: { PutItem: 1 }, writeUnits: 1, readUnits: 0 });
    expect(shop.written()).toHaveLength(1);
    expect(shop.calls[0]?.input).toMatchObject({
      ConditionExpression: expect.stringContaining('attribute_not_exists'),
    });
  });

  test.each(
    kinds.flatMap((kind) =>
      [
        ['throttling', refusedBy('ThrottlingException')] as const,
        ['a transaction on the row', refusedBy('TransactionConflictException')] as const,
        ['an error of the service', refusedBy('InternalServerError', 'server')] as const,
        ['a lost request', requestLost] as const,
        ['a lost reply', replyLost] as const,
      ].map(([what, fault]) => [kind, what, fault] as const),
    ),
  )('%s: %s is met by the identical request, which takes effect once', async (kind, _, fault) => {
    const shop = openShop();
    const action = rows[kind](shop);
    shop.next('PutItem', fault, fault);
    expect(await commit(shop.environment, [action], shop.clock.now() + SOON)).toEqual({ kind: 'committed' });
    expect(shop.written()).toEqual([expect.objectContaining({ sk: action.item.Put?.Item?.sk?.S })]);
    const [first, ...others] = shop.calls.map(({ input }) => input);
    expect(others.length).toBeGreaterThan(0);
    for (const other of others) expect(other).toEqual(first);
  });

  test('an inbox row that another delivery has written says how the message ended', async () => {
    const shop = openShop();
    const envelope = shop.envelopeOf(OrderPlaced, ORDER);
    await commit(shop.environment, [inbox(shop, envelope)], shop.clock.now() + SOON);
    await shop.clock.sleep(1);
    for (const fault of [undefined, requestLost]) {
      if (fault) shop.next('PutItem', fault);
      const result = await commit(shop.environment, [inbox(shop, envelope)], shop.clock.now() + SOON);
      expect(result).toEqual({ kind: 'ended', state: 'handled' });
    }
    expect(shop.written()).toHaveLength(1);
  });

  test('a message that was marked after a lost reply keeps its mark, and is committed', async () => {
    const shop = openShop();
    const action = outbox(shop);
    const marked: Record<string, AttributeValue> = { ...action.item.Put?.Item, sending: { S: 'sent' } };
    shop.next('PutItem', (apply, request) => {
      apply();
      const { pk, sk } = marked as { pk: AttributeValue; sk: AttributeValue };
      shop.ledger.write({ pk, sk }, marked);
      return requestLost(apply, request);
    });
    expect(await commit(shop.environment, [action], shop.clock.now() + SOON)).toEqual({ kind: 'committed' });
    expect(shop.written()).toMatchObject([{ sending: 'sent' }]);
  });

  test('after a lost reply only the whole row is ours: what else has the id is refused, and stays as it is', async () => {
    const formats = Object.values(FORMATS);
    for (const format of formats) {
      const shop = openShop();
      const mine = shop.envelopeOf(OrderPlaced, ORDER);
      const action = outbox(shop, mine, format);
      const others: Partial<Envelope>[] = [{ data: { ...ORDER, quantity: 7 } }, { partitionkey: 'other' }];
      for (const other of others) {
        const row = toItem(outboxRow({ ...mine, ...other }, format));
        shop.ledger.write(shop.ledger.keyOf(row), row);
        shop.next('PutItem', requestLost);
        const result = await commit(shop.environment, [action], shop.clock.now() + SOON);
        expect(result).toEqual({ kind: 'refused', index: 0, code: 'another row has its id' });
        expect(shop.ledger.get(shop.ledger.keyOf(row))).toEqual(row);
        shop.ledger.write(shop.ledger.keyOf(row), undefined);
      }
      shop.next('PutItem', replyLost);
      expect(await commit(shop.environment, [action], shop.clock.now() + SOON)).toEqual({ kind: 'committed' });
    }
  });

  test('what stays undecided is given up, and what DynamoDB cannot read is refused', async () => {
    const shop = openShop();
    shop.from('PutItem', requestLost);
    const committed = commit(shop.environment, [outbox(shop)], shop.clock.now() + SOON);
    await expect(committed).rejects.toMatchObject({ code: 'commit-undecided' });
    shop.from('PutItem', refusedBy('ValidationException'));
    const refused = await commit(shop.environment, [outbox(shop)], shop.clock.now() + SOON);
    expect(refused).toMatchObject({ kind: 'refused' });
  });
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import * as z from 'zod/mini';
import { connectLedger } from '../../lib/aws/connect-ledger.ts';
import { InvalidDefinition, MissingBinding } from '../../lib/contract/errors.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineTable } from '../../lib/contract/table.ts';
import { producer, transact } from '../../lib/public/runtime.ts';

const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string() }),
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});
const Orders = defineTable('open-orders', { item: z.object({ orderId: z.string() }), partitionKey: 'orderId' });

interface Asked {
  readonly operation: string;
  readonly body: { readonly TransactItems: readonly { readonly Put: { TableName: string; Item: object } }[] };
}

/** Takes what is sent to DynamoDB, and says yes. */
async function dynamodb(): Promise<Asked[]> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '');
    asked.push({ operation, body: JSON.parse(Buffer.concat(chunks).toString()) });
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const variables = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'eu-north-1' };
  const AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const [name, value] of Object.entries({ ...variables, AWS_ENDPOINT_URL })) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  return asked;
}

test('a producer outside Lambda commits to the ledger and the tables that it names', async () => {
  const asked = await dynamodb();
  const environment = connectLedger({
    name: 'shop-ledger',
    tables: { 'open-orders': 'shop-orders' },
    producer: 'import',
  });
  await transact(
    (tx) => {
      tx.put(Orders, { orderId: '1' });
      tx.publish(OrderPlaced, { orderId: '1' });
    },
    { environment },
  );
  expect(asked.map(({ operation }) => operation)).toEqual(['TransactWriteItems']);
  const puts = asked[0]?.body.TransactItems.map(({ Put }) => Put) ?? [];
  expect(puts.map(({ TableName }) => TableName).sort()).toEqual(['shop-ledger', 'shop-orders']);
  expect(JSON.stringify(puts)).toContain('/shop-ledger/import');
});

test('what was not named is missed by its name', async () => {
  await dynamodb();
  const environment = connectLedger({ name: 'shop-ledger' });
  await expect(transact((tx) => tx.put(Orders, { orderId: '1' }), { environment })).rejects.toThrow(MissingBinding);
  await expect(producer.send(OrderPlaced, { orderId: '1' }, { environment })).rejects.toThrow(MissingBinding);
});

test.each([
  [{ name: '' }, 'The name of the ledger is ""'],
  [{ name: undefined as never }, 'The name of the ledger is undefined'],
  [{ name: 'ledger', tables: { orders: '' } }, `The table 'orders' is ""`],
  [{ name: 'ledger', shards: 12 }, '`shards` is 12: give a power of two from 1 to 4096'],
])('%o is refused', (options, sentence) => {
  expect(() => connectLedger(options)).toThrow(InvalidDefinition);
  expect(() => connectLedger(options)).toThrow(sentence);
});

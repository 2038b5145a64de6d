import { GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineTable } from '../../../../lib/contract/table.ts';
import { formatDecimal, parseDecimal } from '../../../../lib/testing/engines/dynamodb/decimal.ts';
import { DynamoDbEngine } from '../../../../lib/testing/engines/dynamodb/engine.ts';
import { toRow } from '../../../../lib/testing/engines/dynamodb/table.ts';
import { testLedger } from '../../../../lib/testing/test-ledger.ts';

function stock() {
  const engine = new DynamoDbEngine({ now: () => 0 });
  engine.createTable({ name: 'stock', partitionKey: { name: 'sku', type: 'S' } });
  const client = engine.client();
  const key = { sku: { S: 'a' } };
  return {
    put: (columns: object) => client.send(new PutItemCommand({ TableName: 'stock', Item: { ...key, ...columns } })),
    set: (name: string) =>
      client.send(
        new UpdateItemCommand({
          TableName: 'stock',
          Key: key,
          UpdateExpression: 'SET #n = :v',
          ExpressionAttributeNames: { '#n': name },
          ExpressionAttributeValues: { ':v': { N: '1' } },
        }),
      ),
    get: async () => (await client.send(new GetItemCommand({ TableName: 'stock', Key: key }))).Item ?? {},
  };
}

describe('the name of an attribute', () => {
  const long = 'é'.repeat(35_000);

  test.each([
    ['empty', ''],
    ['of 70,000 bytes', long],
  ])('is refused wherever it stands: %s', async (_, name) => {
    const { put, set } = stock();
    const refused = { name: 'ValidationException', message: expect.stringMatching(/attribute name/i) };
    await expect(put({ [name]: { N: '1' } })).rejects.toMatchObject(refused);
    await expect(put({ map: { M: { [name]: { N: '1' } } } })).rejects.toMatchObject(refused);
    await expect(put({ list: { L: [{ M: { map: { M: { [name]: { N: '1' } } } } }] } })).rejects.toMatchObject(refused);
    await expect(set(name)).rejects.toMatchObject(refused);
  });

  test('may have 65,535 bytes', async () => {
    const { put } = stock();
    await expect(put({ ['n'.repeat(65_535)]: { N: '1' } })).resolves.toBeDefined();
  });
});

describe('a number', () => {
  test('comes back as it was written, however small or large', async () => {
    const { put, get } = stock();
    const numbers = fc
      .double({ noNaN: true, noDefaultInfinity: true, min: -1e100, max: 1e100 })
      .filter((number) => number === 0 || Math.abs(number) > 1e-100);
    await fc.assert(
      fc.asyncProperty(numbers, async (number) => {
        await put({ column: { N: String(number) } });
        const { column } = toRow(await get());
        expect(typeof column === 'bigint' ? Number(column) : column).toBe(number === 0 ? 0 : number);
        expect(column).not.toBeTypeOf('string');
      }),
    );
  });

  test.each([
    ['1e-7', 1e-7],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['1e21', 1e21],
    ['0.10000000000000000000000000000000000001', 0.1],
    ['12345678901234567890.5', Number('12345678901234567890.5')],
  ])('%s is read as a number, or as a BigInt where a number does not hold it', (text, number) => {
    expect(toRow({ column: { N: formatDecimal(parseDecimal(text)) } })).toEqual({ column: number });
  });

  test('of 1e-7 in a seeded row is a number', () => {
    const Rate = defineTable('rate', { item: z.object({ id: z.string(), rate: z.number() }), partitionKey: 'id' });
    expect(testLedger().row(Rate, { id: 'a', rate: 1e-7 }).read(Rate, { id: 'a' })).toEqual({ id: 'a', rate: 1e-7 });
  });
});

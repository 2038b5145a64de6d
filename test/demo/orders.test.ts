import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demandOf } from '../../demo/audit.ts';
import { generateOrders, ordersOfRun, readOrders } from '../../demo/orders.ts';
import { OrderPlaced } from '../../examples/commerce/contract.ts';
import { validate } from '../../lib/contract/schema.ts';

describe('generated orders', () => {
  test('the same seed gives the same orders, another one gives others', () => {
    expect(generateOrders(50, 7)).toEqual(generateOrders(50, 7));
    expect(generateOrders(50, 8)).not.toEqual(generateOrders(50, 7));
  });

  test('more orders of a seed keep their ids apart', () => {
    const ids = generateOrders(1_000, 1).map(({ orderId }) => orderId);
    expect(new Set(ids).size).toBe(1_000);
  });

  test('each is an order that the shop takes', () => {
    for (const order of ordersOfRun('r', generateOrders(500, 3))) {
      expect(() => validate(OrderPlaced.schema, order, 'order')).not.toThrow();
    }
  });

  test('they are spread over days and articles, some customer buys twice a day and something is given away', () => {
    const orders = generateOrders(2_000, 1);
    const counts = (of: (order: (typeof orders)[number]) => string) => [...Map.groupBy(orders, of).values()];
    expect(counts(({ placedAt }) => placedAt.slice(0, 10)).length).toBeGreaterThan(100);
    expect(counts(({ sku }) => sku).length).toBeGreaterThan(200);
    expect(counts((order) => order.customerId + order.placedAt.slice(0, 10)).some((day) => day.length > 1)).toBe(true);
    expect(orders.some(({ amountCents }) => amountCents === 0)).toBe(true);
  });
});

test('a run keeps its order ids and its goods apart from those of another run', () => {
  const orders = generateOrders(100, 1);
  const [one, other] = [ordersOfRun('one', orders), ordersOfRun('other', orders)];
  expect(one.filter(({ orderId }) => other.some((order) => order.orderId === orderId))).toEqual([]);
  expect([...demandOf(one).keys()].filter((sku) => demandOf(other).has(sku))).toEqual([]);
  expect([...demandOf(one).values()]).toEqual([...demandOf(other).values()]);
});

describe('an order file', () => {
  const header = 'order_id,customer_id,date,quantity,amount_usd';
  let folder: string;
  const file = async (...lines: string[]) => {
    const path = join(folder, 'orders.csv');
    await writeFile(path, lines.join('\r\n'));
    return path;
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waybill-orders-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('is read line by line: money in cents, days in UTC, an amount of 0.00 and a second purchase of a day are real', async () => {
    const { orders, badLines } = await readOrders(
      await file(header, '00004-001,00004,1997-01-01,2,29.33', '00004-002,00004,1997-01-01,1,0.00', ''),
    );
    expect(badLines).toEqual([]);
    expect(orders).toMatchObject([
      { orderId: '00004-001', customerId: '00004', quantity: 2, amountCents: 2933, placedAt: '1997-01-01T00:00:00Z' },
      { orderId: '00004-002', customerId: '00004', quantity: 1, amountCents: 0, placedAt: '1997-01-01T00:00:00Z' },
    ]);
    for (const order of orders) expect(() => validate(OrderPlaced.schema, order, 'order')).not.toThrow();
  });

  test('gives an order the same goods each time', async () => {
    const path = await file(header, '1,c,1997-01-01,2,1.00', '2,c,1997-01-01,2,1.00');
    expect(await readOrders(path)).toEqual(await readOrders(path));
  });

  test('may have its columns in another order, others beside them, a byte order mark and quoted values', async () => {
    const { orders } = await readOrders(
      await file('\uFEFFdate,note,"order_id",quantity,amount_usd,customer_id', '1997-01-01,"a, b",x,1,9.5,c'),
    );
    expect(orders).toMatchObject([{ orderId: 'x', customerId: 'c', quantity: 1, amountCents: 950 }]);
  });

  test('ends a line at a line break alone, not at what only Unicode calls a separator', async () => {
    const { orders, badLines } = await readOrders(
      await file(`${header},note`, '1,c,1997-01-01,2,1.00,a\u2028b\u2029c\u0085d', '2,c,1997-01-01,2,1.00,\u2028'),
    );
    expect(badLines).toEqual([]);
    expect(orders.map(({ orderId }) => orderId)).toEqual(['1', '2']);
  });

  test('has its bad lines named by number and reason, and the good ones kept', async () => {
    const { orders, badLines } = await readOrders(
      await file(
        header,
        'a,c,1997-01-01,1,1.00',
        'b,c,1997-02-30,1,1.00',
        'c,c,1997-01-01,0,1.00',
        'd,c,1997-01-01,1.5,1.00',
        'e,c,1997-01-01,1,-1.00',
        'f,c,1997-01-01,1,1.005',
        'g,,1997-01-01,1,1.00',
        'h,c,1997-01-01,1',
        'i,c,1997-01-01,1,1.00,more',
        '"j,c,1997-01-01,1,1.00',
        'a,c,1997-01-02,1,1.00',
        'k\u0000,c,1997-01-01,1,1.00',
        'z,c,1997-01-01,1,1.00',
      ),
    );
    expect(orders.map(({ orderId }) => orderId)).toEqual(['a', 'z']);
    expect(badLines).toEqual([
      { line: 3, reason: 'date is not a day such as 1997-03-24' },
      { line: 4, reason: 'quantity is not a whole number from 1 to 999999' },
      { line: 5, reason: 'quantity is not a whole number from 1 to 999999' },
      { line: 6, reason: 'amount_usd is not an amount such as 29.33' },
      { line: 7, reason: 'amount_usd is not an amount such as 29.33' },
      { line: 8, reason: 'customer_id is empty' },
      { line: 9, reason: 'it has 4 fields instead of 5' },
      { line: 10, reason: 'it has 6 fields instead of 5' },
      { line: 11, reason: 'its quotes do not match' },
      { line: 12, reason: 'order_id a is on line 2 already' },
      { line: 13, reason: 'order_id is not at most 64 letters, digits and _ : -' },
    ]);
  });

  test('stops at its first bad line when told to', async () => {
    const path = await file(header, 'a,c,1997-01-01,1,1.00', 'b,c,1997-01-01,x,1.00', 'c,c,1997-01-01,y,1.00');
    await expect(readOrders(path, 'stop')).rejects.toThrow(`Line 3 of ${path} is no order: quantity`);
  });

  test.each([
    ['has no header', ['a,c,1997-01-01,1,1.00'], 'has no column order_id, customer_id, date'],
    ['lacks a column', ['order_id,customer_id,date,quantity', 'a,c,1997-01-01,1'], 'has no column amount_usd'],
    ['is empty', [''], 'is empty'],
  ])('that %s is refused as a whole', async (_, lines, message) => {
    await expect(readOrders(await file(...lines))).rejects.toThrow(message);
  });

  test('that is not there is named', async () => {
    await expect(readOrders(join(folder, 'none.csv'))).rejects.toThrow('none.csv cannot be read');
  });
});

import { describe, expect, test } from 'vitest';
import { audit, type Books, demandOf } from '../../demo/audit.ts';
import { generateOrders } from '../../demo/orders.ts';

const orders = generateOrders(40, 1);
const [first] = orders;

describe('the audit of the business tables', () => {
  test('finds nothing where every order took effect once', () => {
    const { conserved, findings, sums } = audit(orders, booksOf(orders));
    expect(findings).toEqual([]);
    expect(conserved).toBe(true);
    expect(sums).toEqual([
      expect.stringMatching(/^money: (\$[\d.]+) ordered, \1 paid, \1 in the sales$/),
      expect.stringMatching(/^stock: /),
      'notes: 40 due, 40 written',
    ]);
  });

  test.each<[string, (books: Mutable<Books>) => void, object]>([
    ['an order that is not kept', (books) => books.orders.shift(), { kind: 'lost', step: 'place-order' }],
    [
      'an order that is not paid',
      (books) => edit(books.orders, { status: 'UNPAID' }),
      { kind: 'lost', step: 'take-payment' },
    ],
    ['a payment that is missing', (books) => books.payments.shift(), { kind: 'lost', step: 'take-payment' }],
    [
      'a payment taken twice',
      (books) => edit(books.payments, { captures: 2 }),
      { kind: 'doubled', step: 'take-payment' },
    ],
    [
      'a payment taken again under another number',
      (books) => books.payments.push({ ...books.payments[0]!, paymentSequence: 2 }),
      { kind: 'doubled', step: 'take-payment' },
    ],
    [
      'a payment of a wrong amount',
      (books) => edit(books.payments, { amountCents: 1 }),
      { kind: 'wrong', step: 'take-payment' },
    ],
    ['a reservation that is missing', (books) => books.reservations.shift(), { kind: 'lost', step: 'reserve-stock' }],
    [
      'goods reserved twice',
      (books) => edit(books.reservations, { reservations: 2 }),
      { kind: 'doubled', step: 'reserve-stock' },
    ],
    ['a note that is missing', (books) => books.shippingNotes.shift(), { kind: 'lost', step: 'note-shipping' }],
    [
      'a note written twice',
      (books) => edit(books.shippingNotes, { copies: 2 }),
      { kind: 'doubled', step: 'note-shipping' },
    ],
    ['a sale that is missing', (books) => edit(books.sales, { orders: 0 }), { kind: 'lost', step: 'count-sales' }],
    ['a sale counted twice', (books) => edit(books.sales, { orders: 2 }), { kind: 'doubled', step: 'count-sales' }],
    [
      'a sale of a wrong amount',
      (books) => edit(books.sales, { amountCents: 1 }),
      { kind: 'wrong', step: 'count-sales' },
    ],
  ])('names %s, by the order', (_, spoil, finding) => {
    const books = booksOf(orders);
    spoil(books);
    const { conserved, findings } = audit(orders, books);
    expect(findings).toEqual([expect.objectContaining({ ...finding, orderIds: [first!.orderId] })]);
    expect(conserved).toBe(false);
  });

  test('sees goods that are gone without a reservation', () => {
    const books = booksOf(orders);
    edit(books.stock, { quantity: -3 });
    expect(audit(orders, books)).toMatchObject({
      conserved: false,
      findings: [{ kind: 'wrong', step: 'reserve-stock' }],
    });
  });

  test('sees an effect of an order that nobody submitted', () => {
    const books = booksOf(orders);
    expect(audit(orders.slice(1), books).findings).toContainEqual(
      expect.objectContaining({ kind: 'wrong', step: 'take-payment', orderIds: [first!.orderId] }),
    );
  });

  test('does not let one loss and one doubling cancel', () => {
    const books = booksOf(orders);
    books.payments.shift();
    edit(books.payments, { captures: 2 });
    expect(audit(orders, books)).toMatchObject({ conserved: false, findings: [{ kind: 'lost' }, { kind: 'doubled' }] });
  });

  test('expects nothing of an order after the step that dead-lettered it', () => {
    const books = booksOf(orders);
    books.reservations.shift();
    books.shippingNotes.shift();
    edit(
      books.stock.filter(({ sku }) => sku === first!.sku),
      {
        quantity: books.stock.find(({ sku }) => sku === first!.sku)!.quantity + first!.quantity,
      },
    );
    expect(audit(orders, books).conserved).toBe(false);
    expect(audit(orders, books, { 'reserve-stock': new Set([first!.orderId]) })).toMatchObject({
      conserved: true,
      findings: [],
    });
  });
});

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] extends readonly (infer Row)[] ? Row[] : never };

/** The business tables after every order took effect once: rows in the orders' sequence. */
function booksOf(submitted: typeof orders): Mutable<Books> {
  const days = Map.groupBy(submitted, ({ sku, placedAt }) => `${sku} ${placedAt.slice(0, 10)}`);
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  return {
    orders: submitted.map(({ paymentSequence: _, ...order }) => ({ ...order, status: 'PAID' })),
    payments: submitted.map(({ orderId, customerId, paymentSequence, amountCents }) => ({
      orderId,
      customerId,
      paymentSequence,
      amountCents,
      captures: 1,
    })),
    stock: [...demandOf(submitted)].map(([sku, due]) => ({ sku, initial: due + 5, quantity: 5, version: 2 })),
    reservations: submitted.map(({ orderId, sku, quantity }) => ({ orderId, sku, quantity, reservations: 1 })),
    shippingNotes: submitted.map(({ orderId, customerId, sku, quantity }) => ({
      orderId,
      customerId,
      sku,
      quantity,
      copies: 1,
    })),
    sales: [...days.values()].map((sold) => ({
      sku: sold[0]!.sku,
      day: sold[0]!.placedAt.slice(0, 10),
      orders: sold.length,
      quantity: sum(sold.map(({ quantity }) => quantity)),
      amountCents: sum(sold.map(({ amountCents }) => amountCents)),
    })),
  };
}

/** Changes the first row. */
function edit<Row extends object>(rows: Row[], change: Partial<Row>): void {
  Object.assign(rows[0]!, change);
}

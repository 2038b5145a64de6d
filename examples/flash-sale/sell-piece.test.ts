import { expect, test } from 'vitest';
import { publish } from 'waybill/runtime';
import { MemoryStack } from 'waybill/testing';
import { BookCourier, Bookings, SaleOrdered, SellPiece, Shelf, Sold } from './contract.ts';

process.env.COURIER_MS = '0';
const { handler: bookCourier } = await import('./functions/book-courier.ts');
const { handler: sellPiece } = await import('./functions/sell-piece.ts');

test('a sale sells what there is, and not a piece more; who came too late is told so', async () => {
  const stack = new MemoryStack({
    subscribers: [SellPiece, BookCourier],
    handlers: { 'sell-piece': sellPiece, 'book-courier': bookCourier },
    scales: { 'book-courier': {} },
  });
  stack.row(Shelf, { sku: 'lamp', left: 45 });
  const environment = stack.environment();
  for (let order = 0; order < 50; order++) {
    const placed = { orderId: String(order), sku: 'lamp', byCourier: order % 10 === 0 };
    await publish(SaleOrdered, placed, { environment });
  }
  await stack.settle();

  const sold = stack.rows(Sold);
  expect(stack.read(Shelf, { sku: 'lamp' })?.left).toBe(0);
  expect([sold.length, sold.reduce((sum, { pieces }) => sum + pieces, 0)]).toEqual([50, 45]);
  const wanted = sold.filter(({ orderId, pieces }) => pieces > 0 && Number(orderId) % 10 === 0);
  expect(stack.rows(Bookings).map(({ booked }) => booked)).toEqual(wanted.map(() => 1));
  expect(await stack.deadLetters('sell-piece')).toEqual([]);
});

import { expect, test } from 'vitest';
import { type FlashSaleDrill, flashSaleProblems, flashSaleSummary, ratesOf } from '../../demo/drills/flash-sale.ts';

const well: FlashSaleDrill = {
  flashSale: {
    orders: 2_000,
    stuck: 186,
    namedHop: 'consumer',
    alarmAfterMs: 7_741,
    perSecond: { before: 0.97, during: 2.72, after: 4.78 },
    oversold: 0,
    lost: [],
  },
  books: { left: 0, sold: 1_900, refused: 100, booked: 190, bookedTwice: 0 },
  steps: [4, 8, 10].map((concurrency, index) => ({ at: index * 10_000, concurrency })),
};

test('a sale that ends well has no problems, and is told in words', () => {
  expect(flashSaleProblems(well)).toEqual([]);
  const words = flashSaleSummary(well).join('\n');
  expect(words).toContain("186 stuck at the hop 'consumer', the alarm came after 7.7 s; couriers at once: 2, 4, 8, 10");
  expect(words).toContain('4.9 times the stuck rate');
});

test('a slow machine is no problem', () => {
  const slow = { ...well.flashSale, alarmAfterMs: 60_000, perSecond: { before: 1, during: null, after: 1.1 } };
  expect(flashSaleProblems({ ...well, flashSale: slow })).toEqual([]);
});

test.each([
  [{ flashSale: { ...well.flashSale, oversold: 2 } }, 'sold 2 lamps that were not there'],
  [{ books: { ...well.books, left: 1 } }, '1900 lamps are sold and 1 left of 1900'],
  [{ books: { ...well.books, bookedTwice: 1 } }, 'booked twice'],
  [{ flashSale: { ...well.flashSale, lost: ['sale-7'] } }, '1 orders of the flash sale were lost'],
  [{ flashSale: { ...well.flashSale, namedHop: 'broker' } }, "the trace named the hop 'broker'"],
  [{ flashSale: { ...well.flashSale, alarmAfterMs: null } }, 'no alarm'],
  [{ steps: [] }, 'took no step'],
])('what is wrong with a sale is named', (wrong, said) => {
  expect(flashSaleProblems({ ...well, ...wrong }).join()).toContain(said);
});

test('rates are those before the first step, until the last, and afterwards', () => {
  const ends = [...Array(10).keys()].map((one) => one * 1_000);
  const more = [...Array(40).keys()].map((one) => 10_000 + one * 250);
  const steps = [
    { at: 10_000, concurrency: 4 },
    { at: 15_000, concurrency: 8 },
  ];
  expect(ratesOf([...ends, ...more], steps)).toEqual({ before: 1, during: 4, after: 4 });
  expect(ratesOf(ends, [])).toEqual({ before: 1, during: null, after: null });
});

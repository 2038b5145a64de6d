import { expect, test } from 'vitest';
import { ORDERS, type Orders, read } from './orders.ts';

// The runner judges them once this file has ended.
test('there are mutants to judge', () => {
  expect(read<Orders>(ORDERS)?.mutants.length).toBeGreaterThan(0);
});

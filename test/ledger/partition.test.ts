import { expect, test } from 'vitest';
import { type PartitionOptions, partition, rowsOf } from '../../lib/ledger/partition.ts';
import { reconcileWorld } from '../reconcile/reconcile-world.ts';

test.each<[string, PartitionOptions, string[]]>([
  ['a whole partition', {}, ['a', 'b', 'c', 'd']],
  ['sort keys from one on', { from: 'b' }, ['b', 'c', 'd']],
  ['sort keys up to one', { to: 'c' }, ['a', 'b', 'c']],
  ['sort keys between two, both included', { from: 'b', to: 'c' }, ['b', 'c']],
])('%s is read in the order of its sort keys', async (_, options, expected) => {
  const { ledger, put } = reconcileWorld({ subscribers: [] });
  for (const sk of ['c', 'a', 'd', 'b']) put({ pk: 'some', sk }, {});
  put({ pk: 'other', sk: 'b' }, {});
  const rows = await rowsOf(ledger, 'some', options);
  expect(rows.map(({ sk }) => sk?.S)).toEqual(expected);
});

test('a partition of more than a page is read to its end, and one without rows has no page', async () => {
  const { ledger, put } = reconcileWorld({ subscribers: [] });
  for (let count = 0; count < 5; count++) put({ pk: 'some', sk: String(count) }, { large: 'x'.repeat(300_000) });
  const pages: number[] = [];
  for await (const page of partition(ledger, 'some')) pages.push(page.length);
  expect(pages.length).toBeGreaterThan(1);
  expect(pages.reduce((rows, length) => rows + length, 0)).toBe(5);
  for await (const page of partition(ledger, 'none')) expect(page).toBe('never');
});

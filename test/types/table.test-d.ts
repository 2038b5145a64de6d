import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expectTypeOf, it } from 'vitest';
import { defineTable, type TableItem, type TableKey } from 'waybill';
import { z } from 'zod';
import { type Movements, Stock } from './shop.ts';

const item = z.object({
  sku: z.string(),
  at: z.int(),
  note: z.string(),
  version: z.int(),
  count: z.int().optional(),
});

describe('a table', () => {
  it('has rows of its schema, and a key of its key columns', () => {
    expectTypeOf<TableItem<typeof Movements>>().toEqualTypeOf<{ sku: string; at: number; by: string }>();
    expectTypeOf<TableKey<typeof Stock>>().toEqualTypeOf<{ sku: string }>();
    expectTypeOf<TableKey<typeof Movements>>().toEqualTypeOf<{ sku: string; at: number }>();
    expectTypeOf(Stock.name).toEqualTypeOf<'stock'>();
  });

  it('infers by valibot and arktype too', () => {
    const ofValibot = defineTable('a', {
      item: v.object({ id: v.string(), n: v.number() }),
      partitionKey: 'id',
      version: 'n',
    });
    const ofArktype = defineTable('a', { item: type({ id: 'string', n: 'number' }), partitionKey: 'id', version: 'n' });
    expectTypeOf<TableItem<typeof ofValibot>>().toEqualTypeOf<{ id: string; n: number }>();
    expectTypeOf<TableKey<typeof ofArktype>>().toEqualTypeOf<{ id: string }>();
  });

  it('has columns of its schema for keys', () => {
    defineTable('stock', { item, partitionKey: 'sku', sortKey: 'at', version: 'version' });
    // @ts-expect-error no such column
    defineTable('stock', { item, partitionKey: 'id' });
    // @ts-expect-error no such column
    defineTable('stock', { item, partitionKey: 'sku', sortKey: 'when' });
    // @ts-expect-error a row without its key is none
    defineTable('stock', { item, partitionKey: 'sku', sortKey: 'count' });
    // @ts-expect-error DynamoDB has no keys of that type
    defineTable('stock', { item: z.object({ open: z.boolean() }), partitionKey: 'open' });
    // @ts-expect-error every table has a partition key
    defineTable('stock', { item });
  });

  it('has a number for its version', () => {
    defineTable('stock', { item, partitionKey: 'sku', version: 'count' });
    // @ts-expect-error a text is no version
    defineTable('stock', { item, partitionKey: 'sku', version: 'note' });
    // @ts-expect-error no such column
    defineTable('stock', { item, partitionKey: 'sku', version: 'revision' });
  });

  it('reads as BigInts what its schema has as such', () => {
    const counted = z.object({ sku: z.string(), total: z.bigint().optional(), count: z.number() });
    const Counted = defineTable('counted', { item: counted, partitionKey: 'sku', bigints: ['total'] });
    expectTypeOf<TableItem<typeof Counted>>().toEqualTypeOf<{
      sku: string;
      total?: bigint | undefined;
      count: number;
    }>();
    // @ts-expect-error a number is no BigInt
    defineTable('counted', { item: counted, partitionKey: 'sku', bigints: ['count'] });
    // @ts-expect-error no such column
    defineTable('counted', { item: counted, partitionKey: 'sku', bigints: ['sum'] });
  });

  it('has rows that are objects', () => {
    // @ts-expect-error a text is no row
    defineTable('stock', { item: z.string(), partitionKey: 'length' });
  });
});

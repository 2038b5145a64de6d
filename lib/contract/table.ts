import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidDefinition } from './errors.ts';
import { requireStandardSchema } from './schema.ts';

/** A business table whose row type is not known: what constructs and the run time need of one. */
export interface AnyTable {
  /** The name by which handlers and constructs bind it, e.g. `stock`. Not the DynamoDB table's name. */
  readonly name: string;
  readonly partitionKey: string;
  readonly sortKey?: string;
  readonly version?: string;
  readonly bigints?: readonly string[];
  readonly item: StandardSchemaV1;
}

/** A business table that transactions read and write. */
export interface TableDefinition<
  Name extends string = string,
  Item extends object = object,
  KeyColumn extends keyof Item & string = keyof Item & string,
> extends AnyTable {
  readonly name: Name;
  readonly partitionKey: KeyColumn;
  readonly sortKey?: KeyColumn;
  /** The column of the optimistic lock: a whole number that every write increments. */
  readonly version?: string;
  /** The columns whose whole numbers are read as BigInts. */
  readonly bigints?: readonly string[];
  readonly item: StandardSchemaV1<unknown, Item>;
}

/** What `defineTable` takes besides the name. */
export interface TableOptions<
  Item extends object,
  PartitionKey extends KeyableColumn<Item>,
  SortKey extends KeyableColumn<Item>,
> {
  /** The row's schema. `tx.put` validates by it; rows are stored and read as they are. */
  readonly item: StandardSchemaV1<unknown, Item>;
  readonly partitionKey: PartitionKey;
  /** @default the table has a partition key only */
  readonly sortKey?: SortKey;
  /**
   * The numeric column of an optimistic lock. A write of a row that the transaction has read is conditional on the
   * version it read, and every write increments it.
   * @default no lock
   */
  readonly version?: NumericColumn<Item>;
  /**
   * The columns whose whole numbers are read as BigInts, whatever their size.
   * @default numbers, and a BigInt only for a whole number that a number does not hold exactly, such as 9007199254740993
   */
  readonly bigints?: readonly BigIntColumn<Item>[];
}

/** The columns of a row that DynamoDB takes for a key: a text, a number or bytes, and always there. */
export type KeyableColumn<Item> = {
  [Column in keyof Item]-?: Item[Column] extends string | number | bigint | Uint8Array ? Column : never;
}[keyof Item] &
  string;

/** The columns of a row that hold a number. */
export type NumericColumn<Item> = {
  [Column in keyof Item]-?: Exclude<Item[Column], undefined> extends number ? Column : never;
}[keyof Item] &
  string;

/** The columns of a row that hold BigInts. */
export type BigIntColumn<Item> = {
  [Column in keyof Item]-?: Exclude<Item[Column], undefined | null> extends bigint | ReadonlySet<bigint>
    ? Column
    : never;
}[keyof Item] &
  string;

/** The row of a table. */
export type TableItem<Table> = Table extends { readonly item: StandardSchemaV1<unknown, infer Item> } ? Item : never;

/** The key of a table's row: its partition key and, where it has one, its sort key. */
export type TableKey<Table> = Table extends { readonly partitionKey: infer Column }
  ? Pick<TableItem<Table>, Column & keyof TableItem<Table>>
  : never;

const TABLE_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/**
 * Declares a business table. The DynamoDB table itself is bound by the constructs (`tables: { stock }`).
 *
 * @throws InvalidDefinition when the name cannot name a binding, the item is no Standard Schema, or a column is used twice
 * @example
 * const Stock = defineTable('stock', {
 *   item: z.object({ sku: z.string(), quantity: z.int(), version: z.int() }),
 *   partitionKey: 'sku',
 *   version: 'version',
 * });
 */
export function defineTable<
  const Name extends string,
  Item extends object,
  const PartitionKey extends KeyableColumn<Item>,
  const SortKey extends KeyableColumn<Item> = never,
>(name: Name, options: TableOptions<Item, PartitionKey, SortKey>): TableDefinition<Name, Item, PartitionKey | SortKey> {
  if (typeof name !== 'string' || !TABLE_NAME.test(name) || name.length > 64) {
    throw new InvalidDefinition(`'${name}' is not a table name: give lower-case words joined by '-', e.g. 'stock'`);
  }
  const { item, partitionKey, sortKey, version, bigints } = options;
  requireStandardSchema(item, name);
  const columns = [partitionKey, sortKey, version].filter((column) => column !== undefined);
  if (new Set<string>(columns).size < columns.length) {
    throw new InvalidDefinition(
      `'${name}' uses one column twice: partition key, sort key and version are different columns`,
    );
  }
  return {
    name,
    item,
    partitionKey,
    ...(sortKey && { sortKey }),
    ...(version && { version }),
    ...(bigints && { bigints }),
  };
}

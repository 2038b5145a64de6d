import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { fromItem } from '../../../aws/attribute.ts';
import {
  canonical,
  canonicalItem,
  compare,
  type Item,
  isEqualItem,
  scalarKey,
  typeOf,
  valueBytes,
} from './attribute-value.ts';
import { validationException } from './exceptions.ts';

export type KeyType = 'S' | 'N' | 'B';

export interface KeyAttribute {
  readonly name: string;
  /** @default that of the first row */
  readonly type?: KeyType;
}

export interface TableSchema {
  readonly name: string;
  readonly partitionKey: KeyAttribute;
  readonly sortKey?: KeyAttribute;
}

/** One write that changed a row, as it was committed. */
export interface Change {
  readonly table: string;
  /** Ascending over all tables of an engine. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly key: Item;
  /** `undefined` where the row was not there. */
  readonly before: Item | undefined;
  /** `undefined` where the row was deleted. */
  readonly after: Item | undefined;
  /** Whether time to live deleted it. */
  readonly expired?: boolean;
}

const MAX_PARTITION_KEY_BYTES = 2048;
const MAX_SORT_KEY_BYTES = 1024;

/** A table's rows, by partition and sort key. */
export class Table {
  readonly schema: TableSchema;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Every change of a row, in the order in which they were committed: what the table's stream carries. */
  readonly changes: Change[] = [];
  /** The column that says until when a row is kept, if UpdateTimeToLive has named one. */
  timeToLive: string | undefined;
  readonly #types = new Map<string, KeyType>();
  readonly #partitions = new Map<string, Map<string, Item>>();
  readonly #commit: (change: Omit<Change, 'sequence' | 'at'>) => Change;

  /** @param commit numbers and dates a change, and tells whoever listens */
  constructor(schema: TableSchema, createdAt: number, commit: (change: Omit<Change, 'sequence' | 'at'>) => Change) {
    this.schema = schema;
    this.createdAt = createdAt;
    this.#commit = commit;
    for (const { name, type } of this.#attributes()) if (type) this.#types.set(name, type);
  }

  get name(): string {
    return this.schema.name;
  }

  /** All rows as JavaScript values, ordered by partition and sort key. */
  rows(): Record<string, unknown>[] {
    return this.items().map(toRow);
  }

  /** All rows as attribute values, ordered by partition and sort key. */
  items(): Item[] {
    const { name } = this.schema.partitionKey;
    const partitions = [...this.#partitions.values()].map((rows) => this.#sorted(rows));
    return partitions.sort((one, other) => order(one[0]?.[name], other[0]?.[name])).flat();
  }

  /** The rows of a partition, ordered by sort key. */
  partition(value: AttributeValue): Item[] {
    return this.#sorted(this.#partitions.get(scalarKey(value)) ?? new Map());
  }

  /** The row with the key, which `keyOf` or `checkedKey` gave; not to be changed. */
  get(key: Item): Item | undefined {
    const [partition, sort] = this.#place(key);
    return this.#partitions.get(partition)?.get(sort);
  }

  /** Writes the row, or deletes it where `after` is `undefined`. A write that changes nothing leaves no trace. */
  write(key: Item, after: Item | undefined, how: { readonly expired?: boolean } = {}): void {
    const before = this.get(key);
    if (before === after || (before && after && isEqualItem(before, after))) return;
    const [partition, sort] = this.#place(key);
    const rows = this.#partitions.get(partition) ?? new Map<string, Item>();
    if (after) rows.set(sort, after);
    else rows.delete(sort);
    if (rows.size > 0) this.#partitions.set(partition, rows);
    else this.#partitions.delete(partition);
    for (const { name } of this.#attributes()) this.#types.set(name, typeOf(key[name] as AttributeValue) as KeyType);
    this.changes.push(this.#commit({ table: this.name, key, before, after, ...how }));
  }

  /**
   * The key in a row that is to be written.
   *
   * @throws ValidationException when a key attribute is missing, of a wrong type, empty or too long
   */
  keyOf(item: Item): Item {
    for (const { name } of this.#attributes()) {
      if (!item[name]) {
        throw validationException(`One or more parameter values were invalid: Missing the key ${name} in the item`);
      }
    }
    return this.#checked(item, (name, expected, actual) =>
      validationException(
        `One or more parameter values were invalid: Type mismatch for key ${name} expected: ${expected} actual: ${actual}`,
      ),
    );
  }

  /**
   * The key that a request gave.
   *
   * @throws ValidationException when it is not exactly the table's key
   */
  checkedKey(given: Readonly<Record<string, AttributeValue>> | undefined): Item {
    if (!given) {
      throw validationException(
        "1 validation error detected: Value null at 'key' failed to satisfy constraint: Member must not be null",
      );
    }
    const key = canonicalItem(given);
    const mismatch = () => validationException('The provided key element does not match the schema');
    const names = this.#attributes().map(({ name }) => name);
    if (Object.keys(key).length !== names.length || names.some((name) => !key[name])) throw mismatch();
    return this.#checked(key, mismatch);
  }

  /** Whether the attribute is part of the key. */
  isKey(attribute: string): boolean {
    return this.#attributes().some(({ name }) => name === attribute);
  }

  /** The type of a key attribute, once it is known. */
  keyType(attribute: string): KeyType | undefined {
    return this.#types.get(attribute);
  }

  #attributes(): KeyAttribute[] {
    const { partitionKey, sortKey } = this.schema;
    return sortKey ? [partitionKey, sortKey] : [partitionKey];
  }

  #checked(item: Item, mismatch: (name: string, expected: string, actual: string) => Error): Item {
    const key = this.#attributes().map(({ name }, index) => {
      const value = canonical(item[name] as AttributeValue);
      const actual = typeOf(value);
      const expected = this.#types.get(name);
      if (expected ? actual !== expected : !['S', 'N', 'B'].includes(actual)) {
        throw mismatch(name, expected ?? 'S', actual);
      }
      refuseKeyLength(name, value, index === 0 ? MAX_PARTITION_KEY_BYTES : MAX_SORT_KEY_BYTES);
      return [name, value] as const;
    });
    return Object.fromEntries(key);
  }

  #place(key: Item): [partition: string, sort: string] {
    const { partitionKey, sortKey } = this.schema;
    const sort = sortKey && key[sortKey.name];
    return [scalarKey(key[partitionKey.name] as AttributeValue), sort ? scalarKey(sort) : ''];
  }

  #sorted(rows: ReadonlyMap<string, Item>): Item[] {
    const name = this.schema.sortKey?.name;
    if (name === undefined) return [...rows.values()];
    return [...rows.values()].sort((one, other) => order(one[name], other[name]));
  }
}

/** A row as JavaScript values. */
export function toRow(item: Item): Record<string, unknown> {
  return fromItem(item);
}

function order(one: AttributeValue | undefined, other: AttributeValue | undefined): number {
  return one && other ? (compare(one, other) ?? 0) : 0;
}

/** @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
function refuseKeyLength(name: string, value: AttributeValue, limit: number): void {
  const bytes = valueBytes(value);
  if (bytes === 0) {
    throw validationException(
      `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${value.B ? 'binary' : 'string'} value. Key: ${name}`,
    );
  }
  if (bytes > limit) {
    throw validationException(
      `One or more parameter values were invalid: Size of the key attribute ${name} has exceeded the maximum size limit of ${limit} bytes`,
    );
  }
}

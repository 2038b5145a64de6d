import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { TableStreams } from '../../lambda/table-streams.ts';
import { Engine } from '../engine.ts';
import { directWire, EngineClient, type Operations, type Wire } from '../wire.ts';
import { canonicalItem } from './attribute-value.ts';
import { batchWriteItem } from './batch-write.ts';
import { createTable, describeTable, describeTimeToLive, updateTimeToLive } from './manage-tables.ts';
import { query } from './query.ts';
import { batchGetItem, getItem, transactGetItems } from './read-item.ts';
import { RequestTokens } from './request-tokens.ts';
import type { Change, Table, TableSchema } from './table.ts';
import { type TableStreamOptions, tableStreamOperations } from './table-streams.ts';
import { Tables } from './tables.ts';
import { transactWriteItems } from './transact-write.ts';
import { deleteItem, putItem, updateItem } from './write-item.ts';

/**
 * DynamoDB in memory: it answers the commands of the AWS SDK with the outputs, errors and consumed capacity that AWS
 * gives, on a given clock, with neither chance nor waiting. Rows that are past their time to live stay until `expire`.
 *
 * Known: PutItem, GetItem, UpdateItem, DeleteItem, Query, TransactWriteItems, TransactGetItems, BatchGetItem,
 * BatchWriteItem, CreateTable, DescribeTable, UpdateTimeToLive, DescribeTimeToLive. Not there: secondary indexes, Scan, PartiQL, the parameters that
 * expressions replaced (`Expected`, `AttributeUpdates` …), item collection metrics, throughput limits. Whatever it does
 * not know is refused by `UnsupportedByEngine`, never ignored. By itself it is never in conflict, never throttles and
 * never shows a stale read: those are faults, injected by a `Wire`.
 *
 * @example
 * const engine = new DynamoDbEngine({ now: () => 0 });
 * engine.createTable({ name: 'stock', partitionKey: { name: 'sku', type: 'S' } });
 * await engine.client().send(new PutItemCommand({ TableName: 'stock', Item: { sku: { S: 'a' } } }));
 * engine.table('stock').rows(); // [{ sku: 'a' }]
 */
export class DynamoDbEngine extends Engine<DynamoDBClient, [change: Change]> {
  protected override readonly operations: Operations;
  readonly #tables: Tables;

  /** @param clock.now milliseconds since the epoch */
  constructor(clock: { readonly now: () => number }) {
    super(clock);
    const tables = new Tables(this.now, this.tell);
    const tokens = new RequestTokens(this.now);
    this.#tables = tables;
    this.operations = {
      PutItem: (input) => putItem(tables, input),
      GetItem: (input) => getItem(tables, input),
      UpdateItem: (input) => updateItem(tables, input),
      DeleteItem: (input) => deleteItem(tables, input),
      Query: (input) => query(tables, input),
      TransactWriteItems: (input) => transactWriteItems(tables, tokens, input),
      TransactGetItems: (input) => transactGetItems(tables, input),
      BatchGetItem: (input) => batchGetItem(tables, input),
      BatchWriteItem: (input) => batchWriteItem(tables, input),
      CreateTable: (input) => createTable(tables, input),
      DescribeTable: (input) => describeTable(tables, input),
      UpdateTimeToLive: (input) => updateTimeToLive(tables, input),
      DescribeTimeToLive: (input) => describeTimeToLive(tables, input),
    };
  }

  /** A client of DynamoDB Streams: `DescribeStream`, `GetShardIterator` and `GetRecords`, in the JSON of their wire. */
  streamsClient(wire: Wire = directWire, options: TableStreamOptions = {}): TableStreams {
    return new EngineClient(tableStreamOperations(this.#tables, this.now, options), wire) as TableStreams;
  }

  createTable(schema: TableSchema): Table {
    return this.#tables.create(schema);
  }

  hasTable(name: string): boolean {
    return this.#tables.get(name) !== undefined;
  }

  /** @throws ResourceNotFoundException when there is no such table */
  table(name: string): Table {
    return this.#tables.find(name);
  }

  /**
   * Deletes the rows whose time to live has passed, as DynamoDB does some time within days: those where the column holds a
   * number of seconds since the epoch that is less than now and at most 5 years back.
   *
   * @param column @default the one that UpdateTimeToLive has named
   * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
   */
  expire(tableName: string, column = this.table(tableName).timeToLive ?? ''): void {
    const table = this.table(tableName);
    const now = this.now() / 1000;
    for (const item of table.items()) {
      const until = Number(item[column]?.N ?? Number.NaN);
      if (until < now && until > now - FIVE_YEARS)
        table.write(table.keyOf(canonicalItem(item)), undefined, { expired: true });
    }
  }
}

const FIVE_YEARS = 5 * 365 * 24 * 60 * 60;

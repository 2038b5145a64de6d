import { GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { toItem } from '../aws/attribute.ts';
import { concurrently } from '../aws/concurrently.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../contract/time.ts';
import { minuteOf } from '../contract/timestamp.ts';
import type { ListEventSources } from '../inspect/subscriber-state.ts';
import { type Graph, readGraph } from '../ledger/graph.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { reconcileKey } from '../ledger/rows/cursor.ts';
import { outboxPartition } from '../ledger/rows/outbox.ts';
import { judgedBuckets } from '../reconcile/judge.ts';
import { type RadarBucket, readRadar } from '../reconcile/radar-rows.ts';
import { addLines, type Lines } from '../reconcile/totals.ts';
import { COUNTS } from './health.ts';

/** A commit takes up to a minute, and then its message has not ended yet. */
const FILLING_MS = 2 * MINUTE_MS;
/** How far back it is reconciled here what no reconciler has counted. */
const OWN_REACH_MS = 3 * HOUR_MS;
/** What is reconciled in one refresh beside the minutes that still fill. */
const OLDER_AT_ONCE = 12;
/** How long rows are read once and for all: the reconciler's last pass comes a day later. */
const ROWS_CHANGE = DAY_MS + HOUR_MS;
const ALL_ROWS_EVERY_MS = 5 * MINUTE_MS;
const QUERIES_AT_ONCE = 8;

/**
 * The radar's counts by business line and minute, kept up to date by `refresh`. What a deployed reconciler has written is
 * read; what it has not come to yet, or where there is none, is reconciled here: the newest minutes each time, older ones
 * a few at a time until nothing in them is on its way any more.
 */
export class LiveMap {
  readonly #ledger: Ledger;
  readonly #listEventSources: ListEventSources | undefined;
  readonly #lines = new Map<string, Map<string, RadarBucket>>();
  /** When a minute was last looked at here, in milliseconds since the epoch. */
  readonly #looked = new Map<string, number>();
  readonly #settled = new Set<string>();
  #graph: Graph | undefined;
  #rowsFrom: number | undefined;
  #rowsRead = 0;

  constructor(ledger: Ledger, listEventSources?: ListEventSources) {
    this.#ledger = ledger;
    this.#listEventSources = listEventSources;
  }

  /** By business line and minute. */
  get lines(): ReadonlyMap<string, ReadonlyMap<string, RadarBucket>> {
    return this.#lines;
  }

  /** The routes as they were at the last refresh. */
  async graph(): Promise<Graph> {
    this.#graph ??= await readGraph(this.#ledger);
    return this.#graph;
  }

  /**
   * Brings the counts up to date.
   *
   * @param days how far back they are shown
   * @returns whether any of them has changed
   */
  async refresh(days: number): Promise<boolean> {
    const graph = await readGraph(this.#ledger);
    this.#graph = graph;
    const before = this.#lines.size;
    for (const line of graph.businessLines) if (!this.#lines.has(line)) this.#lines.set(line, new Map());
    const read = await this.#readRows(graph, days);
    const reconciled = await this.#reconcile(graph, await this.#minutesToReconcile());
    return read || reconciled || this.#lines.size > before;
  }

  /** Reconciles a minute now, whatever is known of it. */
  async look(minute: string): Promise<boolean> {
    return this.#reconcileMinute(await this.graph(), minute);
  }

  async #readRows({ businessLines }: Graph, days: number): Promise<boolean> {
    const now = this.#ledger.environment.now();
    const wanted = now - (now % DAY_MS) - (days - 1) * DAY_MS;
    const isDue = now - this.#rowsRead >= ALL_ROWS_EVERY_MS;
    const recent = now - (isDue ? ROWS_CHANGE : HOUR_MS);
    const from = this.#rowsFrom === undefined || wanted < this.#rowsFrom ? Math.min(wanted, recent) : recent;
    const rows = await readRadar(this.#ledger, businessLines, { from, to: now + HOUR_MS });
    this.#rowsFrom = Math.min(this.#rowsFrom ?? from, from);
    if (isDue) this.#rowsRead = now;
    return [...rows.values()].flat().filter((row) => this.#take(row)).length > 0;
  }

  /** What was counted later is right. Returns whether anything has changed. */
  #take(bucket: RadarBucket): boolean {
    const line = this.#lines.get(bucket.businessLine) ?? new Map<string, RadarBucket>();
    this.#lines.set(bucket.businessLine, line);
    const known = line.get(bucket.minute);
    if (known && known.asOf >= bucket.asOf) return false;
    line.set(bucket.minute, bucket);
    return !known || COUNTS.some((name) => known[name] !== bucket[name]);
  }

  /** The newest first; of the older ones those that were not looked at for the longest time. */
  async #minutesToReconcile(): Promise<string[]> {
    const now = this.#ledger.environment.now();
    const counted = await this.#countedUpTo();
    const filling: string[] = [];
    const older: string[] = [];
    for (let time = now; time > now - OWN_REACH_MS; time -= MINUTE_MS) {
      const minute = minuteOf(time);
      if (time > now - FILLING_MS) filling.push(minute);
      else if (time > counted ? !this.#settled.has(minute) : this.#isUnfinished(minute)) older.push(minute);
    }
    older.sort((one, other) => (this.#looked.get(one) ?? 0) - (this.#looked.get(other) ?? 0));
    return [...filling, ...older.slice(0, OLDER_AT_ONCE)];
  }

  /** Up to which message time the deployed reconciler has counted; 0 where there is none. */
  async #countedUpTo(): Promise<number> {
    const { Item } = await this.#ledger.environment.dynamodb.send(
      new GetItemCommand({ TableName: this.#ledger.table, Key: toItem(reconcileKey('due')) }),
    );
    const upTo = Number(Item?.upTo?.N ?? 0);
    // The minute in which it stands is counted in part.
    return upTo - (upTo % MINUTE_MS);
  }

  async #reconcile(graph: Graph, minutes: readonly string[]): Promise<boolean> {
    let changed = false;
    for (const minute of minutes) if (await this.#reconcileMinute(graph, minute)) changed = true;
    return changed;
  }

  async #reconcileMinute(graph: Graph, minute: string): Promise<boolean> {
    const asOf = this.#ledger.environment.now();
    this.#looked.set(minute, asOf);
    const from = Date.parse(`${minute}Z`);
    const lines: Lines = {};
    if (await this.#hasMessages(minute)) {
      const options = { graph, listEventSources: this.#listEventSources, from, to: from + MINUTE_MS - 1 };
      for await (const { totals } of judgedBuckets(this.#ledger, options)) addLines(lines, totals.lines);
    }
    let changed = false;
    for (const [businessLine, counts] of Object.entries(lines)) {
      if (this.#take({ businessLine, minute, ...counts, asOf })) changed = true;
    }
    if (asOf > from + MINUTE_MS + FILLING_MS && !this.#isUnfinished(minute)) this.#settled.add(minute);
    return changed;
  }

  /** Whether anything was committed in a minute: most minutes of a quiet ledger have nothing to reconcile. */
  async #hasMessages(minute: string): Promise<boolean> {
    let found = false;
    const shards = Array.from({ length: this.#ledger.shards }, (_, shard) => shard);
    await concurrently(QUERIES_AT_ONCE, shards, async (shard) => {
      if (found) return;
      const { Count = 0 } = await this.#ledger.environment.dynamodb.send(
        new QueryCommand({
          TableName: this.#ledger.table,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: outboxPartition(minute, shard) } },
          Limit: 1,
          Select: 'COUNT',
        }),
      );
      if (Count > 0) found = true;
    });
    return found;
  }

  #isUnfinished(minute: string): boolean {
    return [...this.#lines.values()].some((line) => {
      const counts = line.get(minute);
      return counts !== undefined && counts.handled + counts.dead + (counts.abandoned ?? 0) < counts.committed;
    });
  }
}

/**
 * Reconciles a million committed messages against one subscriber, or several, from a simulated store, fifty of them lost and
 * fifty more ended without a cause at each: how long it takes, and how much memory, with the heap of a function of 256 MiB. Then
 * the CPU time that a message, subscriber and pass take with the SDK's part of it, which the simulated store leaves out.
 *
 *     npm run bench -- reconcile [--messages N] [--subscribers 1] [--rounds 20] [--json]
 */
import { parseArgs } from 'node:util';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { defineEvent } from '../lib/contract/event.ts';
import { defineSubscriber } from '../lib/contract/subscriber.ts';
import { outboxPartition } from '../lib/ledger/rows/outbox.ts';
import { messageTime } from '../lib/message/message-id.ts';
import { judge } from '../lib/reconcile/reconcile.ts';
import { Totals } from '../lib/reconcile/totals.ts';
import { MemoryStack } from '../lib/testing/stack/memory-stack.ts';
import { VirtualClock } from '../lib/testing/virtual-clock.ts';
import { wholeNumber } from './options.ts';
import { measureReconcileCpu } from './reconcile/cpu.ts';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    subscribers: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
});
/** Microseconds of CPU a message, subscriber and pass, the SDK included. */
const MARK = 14;
const WARM_UP = 5;
const ROUNDS = wholeNumber('rounds', values.rounds);
const MESSAGES = Number(values.messages);
const MINUTES = 60;
const SHARDS = 16;
const PAGE = 700;
const SUBSCRIBERS = Array.from(
  { length: wholeNumber('subscribers', values.subscribers) },
  (_, n) => `payment-${n + 1}`,
);
const NOW = Date.parse('2026-11-23T12:00:00Z');
const START = NOW - (MINUTES + 10) * 60_000;
const LIFETIME = 14 * 86_400_000;
const PLANTED = 50;

type Row = Record<string, AttributeValue>;

const PER_BUCKET = Math.ceil(MESSAGES / MINUTES / SHARDS);
/** Every so many buckets, one message is lost and another one ended without a cause. */
const EVERY = Math.floor((MINUTES * SHARDS) / PLANTED);

/**
 * The ids of a bucket, made when they are asked for, so that the store takes no memory.
 *
 * @param kind the counter's last digit: 0 for what was committed, 1 for what was not
 */
function idAt(bucket: number, index: number, kind = 0): string {
  const minute = START - (START % 60_000) + Math.floor(bucket / SHARDS) * 60_000;
  const time = (minute + Math.floor((index * 60_000) / PER_BUCKET)).toString(16).padStart(12, '0');
  const counter = (index * 16 + kind).toString(16).padStart(8, '0');
  const tail = ((Math.log2(SHARDS) << 12) | (bucket % SHARDS)).toString(16).padStart(4, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${counter}${tail}`;
}

const isPlanted = (bucket: number) => bucket % EVERY === 0 && bucket / EVERY < PLANTED;
const planted = Array.from({ length: PLANTED }, (_, index) => index * EVERY);
const lost = new Set(planted.map((bucket) => idAt(bucket, 1)));
const uncaused = new Set(planted.map((bucket) => idAt(bucket, 2, 1)));
const COMMITTED = PER_BUCKET * MINUTES * SHARDS;

const clock = new VirtualClock({ now: NOW, jumps: true });
const Placed = defineEvent('order.placed', { schema: z.unknown(), key: () => 'order-1', businessLine: 'orders' });
const stack = new MemoryStack({
  subscribers: SUBSCRIBERS.map((name) => defineSubscriber(name, { consumes: [Placed] })),
  clock,
});
const environment = stack.environment();
const { dynamodb } = environment;
const send = dynamodb.send.bind(dynamodb);
interface Query {
  readonly ExpressionAttributeValues?: Row;
  readonly ExclusiveStartKey?: Row;
  readonly ScanIndexForward?: boolean;
}
dynamodb.send = (async (command: { readonly input: Query }) => {
  const pk = command.input.ExpressionAttributeValues?.[':pk']?.S ?? '';
  const start = command.input.ExclusiveStartKey?.sk?.S;
  if (command.input.ScanIndexForward === false) return { Items: [] };
  if (pk.startsWith(OUTBOX)) return page(pk.slice(OUTBOX.length), start, committedRow);
  if (pk.startsWith('in#')) return page(pk.split('#').slice(2).join('#'), start, endedRows);
  return send(command as never);
}) as typeof dynamodb.send;

const OUTBOX = outboxPartition('', 0).slice(0, -2);

const started = performance.now();
let peak = 0;
const totals = new Totals();
for await (const judged of judge(environment, { ledger: stack.ledger.name, shards: SHARDS, from: START, to: NOW })) {
  totals.add(judged.totals);
  peak = Math.max(peak, process.memoryUsage().rss);
}
const { missing, uncaused: invented, lines } = totals.reconciliation();
const seconds = (performance.now() - started) / 1000;
const { cpu } = await measureReconcileCpu(SUBSCRIBERS, ROUNDS, Math.min(WARM_UP, ROUNDS));
const result = {
  subscribers: SUBSCRIBERS.length,
  seconds: Number(seconds.toFixed(2)),
  rssMiB: Math.round(peak / 2 ** 20),
  committed: lines.orders?.committed ?? 0,
  missing: missing.length,
  uncaused: invented.length,
  falselyNamed:
    missing.filter(({ id }) => !lost.has(id)).length + invented.filter(({ id }) => !uncaused.has(id)).length,
  cpuMicroseconds: Number(cpu.median.toFixed(1)),
  fastestRound: Number(cpu.fastest.toFixed(1)),
  isReached: cpu.median <= MARK,
};
if (values.json) console.log(JSON.stringify(result));
else console.table(result);
if (
  result.committed !== COMMITTED ||
  result.missing !== PLANTED * SUBSCRIBERS.length ||
  result.uncaused !== PLANTED * SUBSCRIBERS.length ||
  result.falselyNamed > 0
)
  process.exitCode = 1;

/** A page of a bucket's rows; the sort key of the last one says by its counter where the next page begins. */
function page(name: string, start: string | undefined, rowsOf: (bucket: number, index: number) => Row[]) {
  const [minute = '', shard] = name.split('#');
  const bucket = Math.floor((Date.parse(`${minute}Z`) - START) / 60_000) * SHARDS + Number(shard);
  if (bucket < 0 || bucket >= MINUTES * SHARDS) return { Items: [] };
  const from = start === undefined ? 0 : Math.floor(Number.parseInt(start.slice(24, 32), 16) / 16) + 1;
  const to = Math.min(from + PAGE, PER_BUCKET);
  const Items: Row[] = [];
  for (let index = from; index < to; index++) Items.push(...rowsOf(bucket, index));
  return { Items, LastEvaluatedKey: to < PER_BUCKET ? { sk: { S: idAt(bucket, to - 1) } } : undefined };
}

function committedRow(bucket: number, index: number): Row[] {
  const id = idAt(bucket, index);
  const ttl = { N: String((messageTime(id) + LIFETIME) / 1000) };
  return [{ sk: { S: id }, type: { S: Placed.type }, line: { S: Placed.businessLine }, ttl }];
}

function endedRows(bucket: number, index: number): Row[] {
  const rows = isPlanted(bucket) && index === 1 ? [] : [endedRow(idAt(bucket, index))];
  return isPlanted(bucket) && index === 2 ? [...rows, endedRow(idAt(bucket, index, 1))] : rows;
}

function endedRow(id: string): Row {
  return {
    sk: { S: id },
    state: { S: 'handled' },
    hops: { M: { relayed: { N: String(messageTime(id) + 20) } } },
    ttl: { N: String((messageTime(id) + LIFETIME) / 1000) },
  };
}

/**
 * Has one key of many stand still at an ordered subscriber, and measures at which rate the others go on, beside the same
 * messages with no key that stands still, on a standard queue and on a FIFO queue.
 *
 * In memory the rate is how many messages of other keys an invocation handles, since that is what a queue's concurrency buys.
 * On the embedded engine it is how many are handled a second, in runs by turns: what else the machine does meets both.
 *
 *     npm run bench -- order [--keys 100000] [--json]
 *     npm run bench -- order --engine embedded [--keys 1000] [--rounds 3] [--json]
 */
import { parseArgs } from 'node:util';
import { describeMachine, thisMachine } from './machine.ts';
import { wholeNumber } from './options.ts';
import { runInMemory } from './order/in-memory.ts';
import { alternateOnEngine } from './order/on-engine.ts';
import { median } from './rounds.ts';
import { figure, table } from './table.ts';

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'memory' },
    keys: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const { engine } = values;
if (engine !== 'embedded' && engine !== 'memory')
  throw new RangeError(`--engine is '${engine}': give embedded or memory`);
const keys = wholeNumber('keys', values.keys ?? (engine === 'memory' ? '100000' : '1000'));
const rounds = wholeNumber('rounds', values.rounds);
/** Percent of the rate of others that is to be kept. */
const MARK = 95;

const isKept = engine === 'memory' ? await inMemory() : await onEngine();
if (!values.json)
  console.log(`\nOf the rate of other keys ${MARK} % are to be kept: ${isKept ? 'they are' : 'they are not'}`);
if (!isKept) process.exitCode = 1;

async function inMemory(): Promise<boolean> {
  const rows = [];
  for (const isFifo of [false, true]) {
    const [free, stuck] = [await runInMemory(keys, isFifo, false), await runInMemory(keys, isFifo, true)];
    const kept = (100 * (stuck.others / stuck.invocations)) / (free.others / free.invocations);
    rows.push({ queue: isFifo ? 'FIFO' : 'standard', free, stuck, kept });
  }
  const lines = rows.map(({ queue, free, stuck, kept }) => [
    queue,
    ...[free.others, free.invocations, stuck.others, stuck.invocations, stuck.slowest, kept].map(figure),
  ]);
  const head = ['queue', 'others', 'invocations', 'others, one stuck', 'invocations', 'slowest s', '% of the rate'];
  console.log(values.json ? JSON.stringify({ keys, mark: MARK, rows }) : table(head, lines));
  return rows.every(({ kept, stuck }) => kept >= MARK && stuck.others === keys && stuck.ofStuck === 0);
}

async function onEngine(): Promise<boolean> {
  const rows = await alternateOnEngine(keys, rounds);
  const rate = (times: readonly number[]) => (1_000 * keys) / median(times);
  const lines = rows.map(({ queue, free, stuck, kept }) => [queue, ...[rate(free), rate(stuck), kept].map(figure)]);
  if (values.json) console.log(JSON.stringify({ keys, mark: MARK, rows }));
  else {
    console.log(`${keys} keys, ${rounds} rounds. ${describeMachine(thisMachine())}\n`);
    console.log(table(['queue', 'others a second', 'one stuck', '% of the rate'], lines));
  }
  return rows.every(({ kept, ofStuck }) => kept >= MARK && ofStuck === 0);
}

/**
 * The example shop beside the same chain written by hand with the AWS SDK: orders through a fresh engine of its own each,
 * then a share of the messages once more. How many orders a second, at what cost, and what the books say in the end.
 *
 * `npm run bench -- chain [--orders FILE] [--count 300] [--json]`
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { STACK_NAME as SHOP } from '../demo/deployment.ts';
import { deployApp, environmentFor, startEngine } from '../lib/local/index.ts';
import type { Books, ChainResult } from './chain/measure.ts';
import { benchmarkOrders } from './chain/orders.ts';
import { describeMachine, thisMachine } from './machine.ts';
import { wholeNumber } from './options.ts';
import { STACK_NAME as PLAIN } from './plain-chain/deployment.ts';
import { figure, table } from './table.ts';

/** The share of the messages that are sent again. */
const AGAIN = 0.05;
const WARM_UP = 30;
const root = fileURLToPath(new URL('..', import.meta.url));

interface Chain {
  readonly name: 'hand-written' | 'Waybill';
  readonly stack: string;
  /** @default what cdk.json says */
  readonly app?: string;
}

const HAND_WRITTEN: Chain = {
  name: 'hand-written',
  stack: PLAIN,
  app: 'node --conditions=waybill-source bench/plain-chain/app.ts',
};
const WAYBILL: Chain = { name: 'Waybill', stack: SHOP };

const { values } = parseArgs({
  options: {
    orders: { type: 'string' },
    count: { type: 'string', default: '300' },
    json: { type: 'boolean', default: false },
  },
});
const count = wholeNumber('count', values.count);
// What is wrong with the file is said before anything is started.
const { length } = await benchmarkOrders(values.orders, count);
if (length === 0) throw new RangeError(`${values.orders} holds no order`);

const handWritten = await measure(HAND_WRITTEN);
const waybill = await measure(WAYBILL);
report(handWritten, waybill);

/** A fresh engine for each chain: it slows down with what it holds. */
async function measure({ name, stack, app }: Chain): Promise<ChainResult> {
  const say = (line: string) => process.stderr.write(`${name}: ${line}\n`);
  const engine = await startEngine({ report: say });
  try {
    const context = { disposable: 'true' };
    const outputs = await deployApp({ target: engine, app, cwd: root, context, stacks: [stack], report: say });
    say(`${length} orders`);
    const parameters = {
      ...{ chain: name, outputs: JSON.stringify(outputs[stack]) },
      ...(values.orders !== undefined && { orders: values.orders }),
      ...{ count, again: AGAIN, 'warm-up': WARM_UP },
    };
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [
        ...['--conditions=waybill-source', 'bench/chain/program.ts'],
        ...Object.entries(parameters).map(([option, value]) => `--${option}=${value}`),
      ],
      { cwd: root, env: environmentFor(engine) },
    );
    process.stderr.write(stderr);
    return JSON.parse(stdout) as ChainResult;
  } finally {
    await engine.stop();
  }
}

function report(handWritten: ChainResult, waybill: ChainResult): void {
  const machine = thisMachine();
  const ratio = waybill.ordersPerSecond / handWritten.ordersPerSecond;
  if (values.json) {
    console.log(JSON.stringify({ machine, ratio, waybill, handWritten }));
    return;
  }
  const row = (what: string, of: (result: ChainResult) => string) => [what, of(handWritten), of(waybill)];
  console.log(`${length} orders, ${handWritten.copies} and ${waybill.copies} messages sent again afterwards.`);
  console.log(`${describeMachine(machine)}\n`);
  console.log(
    table(
      ['', 'hand-written', 'Waybill'],
      [
        row('orders a second', ({ ordersPerSecond }) => figure(ordersPerSecond)),
        row('AWS calls an order', ({ perOrder }) => figure(perOrder.calls)),
        row('write units an order', ({ perOrder }) => figure(perOrder.writeUnits)),
        row('invocations an order', ({ perOrder }) => figure(perOrder.invocations)),
        row('books', ({ books }) => verdictOn(books)),
        row('books after the copies', ({ booksAfterCopies }) => verdictOn(booksAfterCopies)),
      ],
    ),
  );
  console.log(`\nWaybill runs ${figure(ratio)} times as many orders a second as the hand-written chain.`);
  for (const [name, { booksAfterCopies }] of [
    ['hand-written', handWritten],
    ['Waybill', waybill],
  ] as const) {
    for (const kind of ['lost', 'doubled', 'wrong'] as const) {
      const found = Object.entries(booksAfterCopies[kind]).map(([step, times]) => `${step} ${times}`);
      if (found.length > 0) console.log(`${name}, ${kind} after the copies: ${found.join(', ')}`);
    }
  }
}

function verdictOn({ conserved, lost, doubled, wrong }: Books): string {
  if (conserved) return 'add up';
  const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((all, one) => all + one, 0);
  return `${sum(lost)} lost, ${sum(doubled)} doubled, ${sum(wrong)} wrong`;
}

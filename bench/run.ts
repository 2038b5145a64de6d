/**
 * Runs one benchmark by its name: `npm run bench -- NAME [options]`.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

interface Benchmark {
  readonly file: string;
  readonly measures: string;
  /** Options of Node itself. */
  readonly node?: readonly string[];
}

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  handler: { file: 'handler-overhead.ts', measures: 'CPU time a record, besides the network' },
  import: { file: 'root-import.ts', measures: 'how much longer a process takes to start that imports `waybill`' },
  'cold-start': { file: 'cold-start.ts', measures: 'a cold process until its first invocation has ended' },
  chain: { file: 'chain.ts', measures: 'the example shop beside the same chain written by hand' },
  reconcile: {
    file: 'reconcile.ts',
    measures: 'a million ids reconciled, in the heap of a function of 256 MiB',
    node: ['--max-old-space-size=192', '--max-semi-space-size=4'],
  },
  sending: { file: 'sending.ts', measures: 'the ways of sending a message: calls, write units, latency' },
  cost: { file: 'cost.ts', measures: 'what a message costs: write units, calls, dollars by list price' },
  order: { file: 'order.ts', measures: 'the rate of other keys while one stands still' },
  dev: { file: 'dev.ts', measures: 'how long a saved handler takes until it answers, under `waybill dev`' },
  outage: { file: 'outage.ts', measures: 'how long handlers go on running when what they depend on fails' },
  stall: { file: 'stall.ts', measures: 'how soon a watcher tells that handlers hang' },
  delay: { file: 'delay.ts', measures: 'how far from their moment delayed messages are handled' },
};

const [name = '', ...options] = process.argv.slice(2);
const benchmark = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
if (benchmark) {
  const file = fileURLToPath(new URL(benchmark.file, import.meta.url));
  const child = spawn(process.execPath, [...(benchmark.node ?? []), ...process.execArgv, file, ...options], {
    stdio: 'inherit',
  });
  // They stop what they started, then end: this waits for them.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  child.once('exit', (code) => {
    process.exitCode = code ?? 1;
  });
} else {
  const names = Object.entries(BENCHMARKS).map(([each, { measures }]) => `  ${each.padEnd(10)} ${measures}`);
  const usage = `npm run bench -- NAME [options]\n\n${names.join('\n')}\n`;
  const isAsked = name === '--help' || name === '-h';
  if (isAsked) process.stdout.write(usage);
  else
    process.stderr.write(`${name ? `There is no benchmark '${name}'` : 'Give the name of a benchmark'}.\n\n${usage}`);
  process.exitCode = isAsked ? 0 : 2;
}

/**
 * `npm run --silent saga -- [--count 20] [--refuse 30] [--kill 5] [--stuck 0] [--json]`: deploys `examples/travel` to an engine of its
 * own, books so many trips, of which so many percent cannot be shipped, and kills so many processes of its steps while they run. Of
 * so many trips the money is not given back, until they are stuck, an alarm is told, and `waybill saga <id> --retry` mends them,
 * which takes minutes. It says what has come of it: `leftBehind` names each trip that is neither done nor undone, `conserved`
 * whether seats, money and tickets add up.
 */
import { parseArgs } from 'node:util';
import { setStage } from '../../test/engine/stage.ts';
import { drill } from './booked-trips.ts';
import { DrillProvider } from './provider.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20' },
    refuse: { type: 'string', default: '30' },
    kill: { type: 'string', default: '5' },
    stuck: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
});
const [count, refuse, kill, stuck] = [values.count, values.refuse, values.kill, values.stuck].map(Number) as [
  number,
  number,
  number,
  number,
];

const say = (line: string) => void process.stderr.write(`${line}\n`);
const provider = await DrillProvider.start();
say('starting an engine, deploying the trips');
const stage = await setStage('saga', { context: { provider: provider.url }, stacks: ['Travel'] });
try {
  const report = await drill(stage, provider, { count, refuse, kill, stuck, say });
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, undefined, 2)}\n`);
  const isRight = report.leftBehind.length === 0 && report.conserved && report.stuck >= stuck;
  process.exitCode = isRight ? 0 : 1;
} finally {
  await stage.stop();
  provider.stop();
}

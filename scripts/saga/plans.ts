/**
 * `npm run saga:plans -- [--count 1000] [--from 1]`: runs trips through plans of faults in memory, and prints one JSON object:
 * how many plans, how the sagas ended, how often each fault happened, and what was left behind.
 */
import { parseArgs } from 'node:util';
import { runPlan } from './trip-plan.ts';

const { values } = parseArgs({
  options: { count: { type: 'string', default: '1000' }, from: { type: 'string', default: '1' } },
});
const from = Number(values.from);
const totals = { plans: 0, started: 0, completed: 0, compensated: 0, stuck: 0 };
const faults: Record<string, number> = {};
const leftBehind: { readonly seed: number; readonly violations: readonly string[] }[] = [];
for (let seed = from; seed < from + Number(values.count); seed++) {
  const report = await runPlan(seed);
  totals.plans += 1;
  for (const what of ['started', 'completed', 'compensated', 'stuck'] as const) totals[what] += report[what];
  for (const [fault, times] of Object.entries(report.faults)) faults[fault] = (faults[fault] ?? 0) + times;
  if (report.violations.length > 0) leftBehind.push({ seed, violations: report.violations });
  if (totals.plans % 100 === 0)
    process.stderr.write(`${totals.plans} plans, ${leftBehind.length} left something behind\n`);
}
process.stdout.write(`${JSON.stringify({ ...totals, faults, leftBehind }, undefined, 2)}\n`);
process.exitCode = leftBehind.length > 0 ? 1 : 0;

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { dollarsAMillion } from '../../bench/cost/dollars.ts';
import { HOURS_A_MONTH, LIST_PRICES } from '../../bench/cost/list-prices.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Cost {
  readonly writeUnits: number;
  readonly calls: number;
  readonly dollars: number;
}

type Level = Readonly<Record<'a' | 'b' | 'c', Cost>>;

let printed: {
  readonly levels: { readonly transaction: Level; readonly item: null };
  readonly others: Readonly<Record<'handWritten' | 'eventBridge' | 'sns', Level>>;
  readonly shop: { readonly writeUnitsPerOrder: number };
};

beforeAll(async () => {
  const parameters = ['--conditions=waybill-source', 'bench/run.ts', 'cost', '--engine', 'memory', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { cwd: root });
  printed = JSON.parse(stdout);
}, 120_000);

test('a message costs the rows of its guarantee, each twice in a transaction, and a part of a receipt', () => {
  const { a, b, c } = printed.levels.transaction;

  expect(a.writeUnits).toBeCloseTo(2 * (2 + 2), 1);
  expect(b.writeUnits).toBeCloseTo(2 * (2 + 3 * 2), 0);
  expect(c.writeUnits).toBeCloseTo(1 + 2 * 2, 1);
  // One call at each end, and parts of those of the relay.
  expect(a.calls).toBeLessThan(2.25);
  expect(c.calls).toBe(a.calls);
});

test('dollars are mostly those of the write units', () => {
  for (const { writeUnits, dollars } of Object.values(printed.levels.transaction)) {
    const ofWrites = writeUnits * LIST_PRICES.dynamodbWriteUnit * 1e6;
    expect(dollars).toBeGreaterThan(ofWrites);
    expect(dollars).toBeLessThan(1.1 * ofWrites);
  }
});

test('a million messages cost the sum of what they take, by list price', () => {
  const nothing = { writeUnits: 0, readUnits: 0, sqsRequests: 0, invocations: 0, gigabyteSeconds: 0 };

  expect(dollarsAMillion(nothing)).toBe(0);
  expect(dollarsAMillion({ ...nothing, writeUnits: 8 })).toBeCloseTo(5, 9);
  expect(dollarsAMillion({ ...nothing, snsPublishes: 1, readUnits: 4, sqsRequests: 1 })).toBeCloseTo(1.4, 9);
});

test('the page says what the benchmark prints', async () => {
  const page = await readFile(`${root}/docs/cost.md`, 'utf8');
  const { levels, others, shop } = printed;
  const rows = {
    Waybill: levels.transaction,
    'by hand': others.handWritten,
    EventBridge: others.eventBridge,
    SNS: others.sns,
  };

  for (const [title, level] of Object.entries(rows)) {
    const cells = (['a', 'b', 'c'] as const).flatMap((name) => [level[name]?.writeUnits, level[name]?.dollars]);
    const row = cells.map((value) => (value === undefined ? '–' : value.toFixed(2))).join(' | ');
    const line = page.split('\n').find((one) => one.startsWith(`| ${title}`));
    expect(line?.split(' | ').slice(1).join(' | ')).toBe(`${row} |`);
  }
  expect(page).toContain(`takes ${shop.writeUnitsPerOrder.toFixed(2)} write units`);
});

test('the page says what a deployment costs that does nothing, by the same prices', async () => {
  const page = await readFile(`${root}/docs/cost.md`, 'utf8');
  const monthly = (what: string) =>
    page
      .split('\n')
      .find((line) => line.startsWith(`| ${what}`))
      ?.split(' | ')[1];
  const requestsOfAQueue = 15 * 60 * HOURS_A_MONTH;

  expect(monthly('a stream on demand')).toBe((LIST_PRICES.kinesisStreamHour * HOURS_A_MONTH).toFixed(2));
  expect(page).toContain(`provisions it for $${(LIST_PRICES.kinesisShardHour * HOURS_A_MONTH).toFixed(2)}`);
  expect(monthly("Lambda's pollers")).toBe((LIST_PRICES.sqsRequest * requestsOfAQueue).toFixed(2));
  expect(monthly('alarms, each')).toBe(LIST_PRICES.cloudwatchAlarmMonth.toFixed(2));
  expect(monthly('metrics that a function counts')).toBe(LIST_PRICES.cloudwatchMetricMonth.toFixed(2));
  expect(monthly('the dashboard')).toBe(LIST_PRICES.cloudwatchDashboardMonth.toFixed(2));
});

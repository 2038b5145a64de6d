/**
 * What a message costs: the write units and calls that a whole deployment in memory counts, in batches as at load, and their
 * dollars by list price; and the write units of an order of the example shop. docs/cost.md says what is in it.
 *
 * `npm run bench -- cost [--json]`
 */
import { parseArgs } from 'node:util';
import { count, SCENARIOS } from './cost/count.ts';
import { dollarsAMillion, OTHERS } from './cost/dollars.ts';
import { writeUnitsPerOrder } from './cost/shop.ts';
import { table } from './table.ts';

type Name = keyof typeof SCENARIOS;

/** A message's; `dollars` are those of a million messages. */
interface Cost {
  readonly writeUnits: number;
  readonly calls?: number;
  readonly dollars: number;
}

type Level = Readonly<Partial<Record<Name, Cost>>>;

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const NAMES = Object.keys(SCENARIOS) as Name[];

const transaction = Object.fromEntries(
  await Promise.all(
    NAMES.map(async (name) => {
      const counted = await count(SCENARIOS[name]);
      const { writeUnits, calls } = counted;
      return [
        name,
        { writeUnits: rounded(writeUnits), calls: rounded(calls), dollars: rounded(dollarsAMillion(counted)) },
      ];
    }),
  ),
) as Level;
const others = Object.fromEntries(Object.entries(OTHERS).map(([name, costs]) => [name, reckoned(costs)]));
const shop = { writeUnitsPerOrder: rounded(await writeUnitsPerOrder()) };

if (values.json) console.log(JSON.stringify({ levels: { transaction, item: null }, others, shop }));
else {
  const head = ['', ...NAMES.flatMap((name) => [`(${name}) units`, `(${name}) $`])];
  const row = (title: string, level: Level) => [
    title,
    ...NAMES.flatMap((name) => [figure(level[name]?.writeUnits), figure(level[name]?.dollars)]),
  ];
  const rows = [
    row('Waybill', transaction),
    row('by hand', others.handWritten ?? {}),
    row('EventBridge', others.eventBridge ?? {}),
    row('SNS', others.sns ?? {}),
  ];
  console.log('Write units a message, and dollars a million messages, by list price.\n');
  console.log(table(head, rows));
  console.log(`\nAn order of the example shop: ${shop.writeUnitsPerOrder} write units.`);
}

/** A producer that writes nothing of its own is only here, where a handler projects the state. */
function reckoned(costs: (typeof OTHERS)[string]): Level {
  return Object.fromEntries(
    NAMES.filter((name) => SCENARIOS[name].writes).map((name) => {
      const consumption = costs(SCENARIOS[name].subscribers);
      return [name, { writeUnits: consumption.writeUnits, dollars: rounded(dollarsAMillion(consumption)) }];
    }),
  );
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}

function figure(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(2);
}

/**
 * What a message costs: the write units and calls that a whole deployment counts, in batches as at load, and their dollars by
 * list price; and the write units of an order of the example shop. Tables and queues are those of a fresh embedded engine, or,
 * quicker, of engines in memory. docs/cost.md says what is in it.
 *
 * `npm run bench -- cost [--engine embedded|memory] [--json]`
 */
import { parseArgs } from 'node:util';
import { generateOrders } from '../demo/orders.ts';
import { environmentFor, startEngine } from '../lib/local/index.ts';
import { count } from './cost/count.ts';
import type { CountedDeployment } from './cost/deployment.ts';
import { dollarsAMillion, OTHERS, RELAY_BATCH } from './cost/dollars.ts';
import { scenarioInMemory, shopInMemory } from './cost/in-memory.ts';
import { SCENARIOS, type Scenario } from './cost/scenario.ts';
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

/** Where messages are counted. */
interface Ground {
  /** Batches of a relay that are counted. */
  readonly rounds: number;
  scenario(scenario: Scenario): Promise<CountedDeployment>;
  shop(orders: ReturnType<typeof generateOrders>): Promise<CountedDeployment>;
  stop(): Promise<void>;
}

const { values } = parseArgs({
  options: { engine: { type: 'string', default: 'embedded' }, json: { type: 'boolean', default: false } },
});
const { engine } = values;
if (engine !== 'embedded' && engine !== 'memory')
  throw new RangeError(`--engine is '${engine}': give embedded or memory`);
const NAMES = Object.keys(SCENARIOS) as Name[];

const { transaction, shop } = await counted(engine === 'memory' ? inMemory() : await onEngine());
const others = Object.fromEntries(Object.entries(OTHERS).map(([name, costs]) => [name, reckoned(costs)]));

if (values.json) console.log(JSON.stringify({ engine, levels: { transaction, item: null }, others, shop }));
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

function inMemory(): Ground {
  return { rounds: 10, scenario: scenarioInMemory, shop: shopInMemory, stop: async () => undefined };
}

async function onEngine(): Promise<Ground> {
  const started = await startEngine({ report: say });
  Object.assign(process.env, environmentFor(started));
  // The CDK takes its time to load.
  const { scenarioOnEngine, shopOnEngine } = await import('./cost/on-engine.ts');
  return {
    rounds: 3,
    scenario: (scenario) => scenarioOnEngine(scenario, started),
    shop: (orders) => shopOnEngine(orders, started),
    stop: () => started.stop(),
  };
}

async function counted(ground: Ground) {
  try {
    const level: [Name, Cost][] = [];
    for (const name of NAMES) {
      say(`(${name})`);
      const scenario = SCENARIOS[name];
      const deployment = await ground.scenario(scenario);
      const consumption = await count(deployment, scenario, ground.rounds);
      await deployment.close();
      const { writeUnits, calls } = consumption;
      const dollars = rounded(dollarsAMillion(consumption));
      level.push([name, { writeUnits: rounded(writeUnits), calls: rounded(calls), dollars }]);
    }
    say('the example shop');
    const orders = generateOrders(ground.rounds * RELAY_BATCH, 1);
    const deployment = await ground.shop(orders);
    const shop = { writeUnitsPerOrder: rounded(await writeUnitsPerOrder(deployment, orders)) };
    await deployment.close();
    return { transaction: Object.fromEntries(level) as Level, shop };
  } finally {
    await ground.stop();
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
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

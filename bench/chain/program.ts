/**
 * Measures one deployed chain in a process of its own: whichever chain comes second would find a warm one. `bench/chain.ts`
 * starts it with the environment of the engine, and reads the result from its output.
 */
import { parseArgs } from 'node:util';
import { generateOrders } from '../../demo/orders.ts';
import { exampleShop } from './example-shop.ts';
import { handWritten } from './hand-written.ts';
import { measureChain } from './measure.ts';
import { benchmarkOrders } from './orders.ts';

const { values } = parseArgs({
  options: {
    chain: { type: 'string', default: '' },
    outputs: { type: 'string', default: '{}' },
    orders: { type: 'string' },
    count: { type: 'string', default: '' },
    again: { type: 'string', default: '' },
    'warm-up': { type: 'string', default: '' },
  },
});
const outputs = JSON.parse(values.outputs) as Record<string, string>;
const chain = values.chain === 'hand-written' ? handWritten(outputs) : exampleShop(outputs);
const orders = await benchmarkOrders(values.orders, Number(values.count));
const warmUp = generateOrders(Number(values['warm-up']), 2);
console.log(JSON.stringify(await measureChain(chain, orders, { again: Number(values.again), warmUp })));

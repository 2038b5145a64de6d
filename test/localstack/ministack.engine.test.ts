import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { publish, transact } from 'waybill/runtime';
import { hostStacks } from 'waybill/testing';
import { OrderPlaced, Stock } from '../../examples/localstack/contract.ts';
import { handler as reserveStock } from '../../examples/localstack/functions/reserve-stock.ts';
import { type StartedEngine, startEngine } from '../../lib/local/engine.ts';
import { freePort } from '../../lib/local/port.ts';
import { testCorePath } from './core-path.ts';
import { runExample } from './run-example.ts';
import { threeStacks } from './three-stacks.ts';

let engine: StartedEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine?.stop());

describe('on MiniStack, with handlers in this process', () => {
  testCorePath(async () => ({ endpoint: engine.endpoint, region: engine.region }));
});

test('ledger, channel and subscriber may be stacks of their own', async () => {
  const { endpoint, region } = engine;
  const templates = threeStacks();
  const shop = await hostStacks({ templates, handlers: { 'reserve-stock': reserveStock }, endpoint, region });
  onTestFinished(() => shop.destroy());
  const { environment } = shop;
  await transact((tx) => void tx.put(Stock, { sku: 'a', quantity: 5 }), { environment });
  await publish(OrderPlaced, { orderId: '1', sku: 'a', quantity: 2 }, { environment });
  await shop.runUntilIdle();
  expect(await shop.read(Stock, { sku: 'a' })).toEqual({ sku: 'a', quantity: 3 });

  const { Ground: _, ...others } = templates;
  await expect(hostStacks({ templates: others, handlers: {}, endpoint, region })).rejects.toThrow('Ground');
});

describe('the example', () => {
  test('passes where AWS_ENDPOINT_URL points to an engine', async () => {
    const { exitCode, output } = await runExample({ AWS_ENDPOINT_URL: engine.endpoint });
    expect(output).toContain('# pass 2');
    expect(output).toContain('left out: ');
    expect(exitCode).toBe(0);
  });

  test('fails where nothing answers, and says so in a sentence', async () => {
    const { exitCode, output } = await runExample({ AWS_ENDPOINT_URL: `http://127.0.0.1:${await freePort()}` });
    expect(output).toMatch(/could not be made: .*nothing answers at http:\/\/127\.0\.0\.1:\d+/);
    expect(exitCode).not.toBe(0);
  });
});

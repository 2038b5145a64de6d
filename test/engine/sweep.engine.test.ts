import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, expect, test, vi } from 'vitest';
import { auditRun, stockUpFor } from '../../demo/audit.ts';
import { deploymentOf, STACK_NAME } from '../../demo/deployment.ts';
import { generateOrders, ordersOfRun } from '../../demo/orders.ts';
import { placeOrder } from '../../examples/commerce/place-order.ts';
import { createEnvironment } from '../../lib/aws/environment.ts';
import { eventSourcesOf } from '../../lib/inspect/list-event-sources.ts';
import { readGraph } from '../../lib/ledger/graph.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { deployApp } from '../../lib/local/deploy.ts';
import { endpointEnvironment } from '../../lib/local/endpoint.ts';
import { type StartedEngine, startEngine } from '../../lib/local/engine.ts';
import { freePort } from '../../lib/local/port.ts';
import { heal } from '../../lib/reconcile/heal.ts';
import { runPasses } from '../../lib/reconcile/passes.ts';
import { reconcile } from '../../lib/reconcile/reconcile.ts';
import { assemblyOf } from '../assembly.ts';

const folder = mkdtempSync(join(tmpdir(), 'waybill-sweep-'));
const BEFORE = 12;
const AFTER = 4;
/** Three hops, each of which may wait for its deadline, the relay's patience and the next look at its case. */
const PATIENCE = 600_000;
let engine: StartedEngine | undefined;

afterAll(async () => {
  await engine?.stop();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Queue addresses hold the port, so that the engine comes again where it was. */
async function start(port: number): Promise<StartedEngine> {
  engine = await startEngine({ port, persist: join(folder, 'state'), stateFolder: folder });
  for (const [name, value] of Object.entries(endpointEnvironment(engine.endpoint))) vi.stubEnv(name, value);
  return engine;
}

test(
  'an engine that is stopped in the middle of a run and forgets its stream loses nothing: what the relay never saw is healed',
  async () => {
    const port = await freePort();
    const first = await start(port);
    const app = await assemblyOf('bin/app.ts', { disposable: 'true', deadline: '5' });
    const outputs = await deployApp({ target: first, app, stacks: [STACK_NAME] });
    const { variables, ledger, shards } = deploymentOf(outputs[STACK_NAME] ?? {});
    const environment = createEnvironment(variables);
    const from = environment.now();
    const orders = ordersOfRun('sweep', generateOrders(BEFORE + AFTER, 1));
    await stockUpFor(orders, { environment });
    await Promise.all(orders.slice(0, BEFORE).map((order) => placeOrder(order, { environment })));
    // Stopped at once: much is on its way, to the relay and to the handlers.
    await first.stop();

    await start(port);
    for (const order of orders.slice(BEFORE)) await placeOrder(order, { environment });
    const deployed = ledgerOf(environment, { ledger, shards });
    const options = { ledger, shards, listEventSources: eventSourcesOf(new LambdaClient()) };
    const hops = new Set<string>();
    const handled = async () => {
      const graph = await readGraph(deployed);
      const { lines, missing } = await reconcile(environment, {
        ...options,
        graph,
        from,
        to: environment.now() + 1_000,
      });
      await runPasses(deployed, { ...options, graph });
      const healing = await heal(deployed, { ...options, graph, budget: 100 });
      // What falls due between the two is seen by healing alone.
      for (const { hop } of [...missing, ...healing.missing]) if (hop) hops.add(hop);
      return Object.values(lines).reduce((sum, line) => sum + line.handled, 0);
    };
    const end = performance.now() + PATIENCE;
    while ((await handled()) < 3 * orders.length && performance.now() < end) await sleep(3_000);

    expect([...hops]).toContain('relay');
    const { conserved, findings } = await auditRun('sweep', orders, {}, environment);
    expect({ conserved, findings }).toEqual({ conserved: true, findings: [] });
    expect(await handled()).toBe(3 * orders.length);
  },
  PATIENCE + 300_000,
);

import { setTimeout as sleep } from 'node:timers/promises';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { type Environment, transact } from 'waybill/runtime';
import type { FailingProvider } from '../../demo/drills/failing-provider.ts';
import { ChargeCard, ChargeRequested } from '../../examples/breaker/contract.ts';
import { isAtRest } from '../../lib/circuit/at-rest.ts';
import { readCircuit } from '../../lib/ledger/circuit.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { OPEN_MS } from './deployment.ts';

/** What came of one outage. Lengths of time are milliseconds. */
export interface Drilled {
  /** Messages a second that were published, and that handlers ran for, before the provider failed. */
  readonly published: number;
  readonly handled: number;
  /** From the first handler that failed until the circuit was open, and until the last handler ran that was no probe. */
  readonly openedAfterMs: number;
  readonly lastRunAfterMs: number;
  /** Handler runs that failed before the last. */
  readonly failedRuns: number;
  /** From the first failure until the circuit had closed, and all was handled at its whole load. */
  readonly recoveredAfterMs: number;
}

export interface DrillOptions {
  readonly environment: Environment;
  readonly provider: FailingProvider;
  readonly drill: number;
  /** Messages a second. */
  readonly rate: number;
  /** How long all is well before the provider fails. */
  readonly healthyMs: number;
}

/** So many transactions a second carry the messages. */
const TRANSACTIONS = 10;
/** For how long after the circuit has opened the provider is still out: less than it is open. */
const STILL_OUT_MS = OPEN_MS - 4_000;
const PATIENCE_MS = 300_000;

/** Has the provider fail under load, and be well again; ends when all is as it was. */
export async function drillOnce(options: DrillOptions): Promise<Drilled> {
  const { environment, provider, healthyMs } = options;
  const load = new Load(options);
  provider.calls = [];
  await load.run(healthyMs);
  const published = (load.published * 1_000) / healthyMs;
  // What the functions do first is not what they do at load.
  const settled = provider.calls.filter(({ at }) => at >= Date.now() - healthyMs / 2);
  const handled = (settled.length * 2_000) / healthyMs;
  provider.isDown = true;
  const over = new AbortController();
  const loading = load.run(PATIENCE_MS, over.signal);
  // A busy engine may run no handler for seconds.
  const since = await untilOpen(environment).finally(() => over.abort());
  await loading;
  await load.run(STILL_OUT_MS);
  provider.isDown = false;
  // What fails later is a probe.
  const failures = provider.calls.filter(({ at, failed }) => failed && at < since + OPEN_MS).map(({ at }) => at);
  const [first = Number.NaN] = failures;
  await untilRecovered(load, options);
  return {
    published: Math.round(published),
    handled: Math.round(handled),
    openedAfterMs: since - first,
    lastRunAfterMs: (failures.at(-1) ?? Number.NaN) - first,
    failedRuns: failures.length,
    recoveredAfterMs: Date.now() - first,
  };
}

/** Messages in the dead-letter queue. */
export async function deadLettered({ sqs }: Environment, QueueUrl: string): Promise<number> {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }));
  return names.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
}

/** Publishes at a rate, as far as the engine takes it. */
class Load {
  published = 0;
  readonly #options: DrillOptions;

  constructor(options: DrillOptions) {
    this.#options = options;
  }

  async run(milliseconds: number, over?: AbortSignal): Promise<void> {
    const { rate, environment, drill } = this.#options;
    const began = Date.now();
    const before = this.published;
    const under = new Set<Promise<unknown>>();
    for (let now = began; now < began + milliseconds && !over?.aborted; now = Date.now()) {
      const due = Math.floor(((now - began) * rate) / 1_000) - (this.published - before);
      const count = Math.min(due, Math.ceil(rate / TRANSACTIONS));
      if (count > 0 && under.size < TRANSACTIONS) {
        const orders = Array.from({ length: count }, () => `${drill}-${++this.published}`);
        const sent = transact(
          (tx) => {
            for (const orderId of orders) tx.publish(ChargeRequested, { orderId, amountCents: 990 });
          },
          { environment },
        ).finally(() => under.delete(sent));
        under.add(sent);
      }
      await sleep(count > 0 ? 1 : 1_000 / TRANSACTIONS / 2);
    }
    await Promise.all(under);
  }
}

/** When the circuit has opened. */
async function untilOpen(environment: Environment): Promise<number> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(250)) {
    const { state, since } = (await circuitOf(environment)) ?? {};
    if (state === 'open' && since !== undefined) return since;
  }
  throw new Error(`The circuit has not opened within ${PATIENCE_MS} ms`);
}

async function untilRecovered(load: Load, { environment, provider, drill }: DrillOptions): Promise<void> {
  const done = () => [...provider.charged].filter((url) => url.startsWith(`/charges/${drill}-`)).length;
  const end = Date.now() + PATIENCE_MS;
  while (done() < load.published || !isAtRest(await circuitOf(environment))) {
    if (Date.now() > end) throw new Error(`${done()} of ${load.published} charges after ${PATIENCE_MS} ms`);
    await sleep(500);
  }
}

function circuitOf(environment: Environment) {
  return readCircuit(ledgerOf(environment), ChargeCard.name);
}

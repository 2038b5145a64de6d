import { setTimeout as sleep } from 'node:timers/promises';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { BINDINGS } from 'waybill';
import { reconcile } from 'waybill/operations';
import { createEnvironment, type Environment, publish } from 'waybill/runtime';
import { ChargeRequested } from '../../examples/breaker/contract.ts';
import { readCircuit } from '../../lib/ledger/circuit.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import type { FailingProvider } from './failing-provider.ts';

/** What an outage of a minute came to. Lengths of time are milliseconds from the first failure on. */
export interface OutageResult {
  readonly openedAfterMs: number;
  /** Handler runs between opening and closing that were no probes. */
  readonly handlerRunsWhileOpen: number;
  readonly probes: number;
  readonly deadLettered: number;
  readonly closedAfterMs: number;
}

/** A circuit closes when so many probes of it went well. */
export const PROBES = 3;
const OUTAGE_MS = 60_000;
const HEALTHY_MS = 3_000;
/** Messages a second: the engine and the machine that it shares have to keep up. */
const RATE = 20;
const PATIENCE_MS = 240_000;

export interface OutageOptions {
  /** Of the deployed stack `Charges`. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly provider: FailingProvider;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Has the provider fail for a minute under load, and tells what came of it. */
export async function runOutage({ outputs, provider, report, signal }: OutageOptions): Promise<OutageDrill> {
  const { LedgerTable = '', LedgerShards = '', DeadLetterQueue = '' } = outputs;
  const environment = createEnvironment({ [BINDINGS.ledger]: LedgerTable, [BINDINGS.shards]: LedgerShards });
  const drill = new Drill(environment, provider, signal);
  const began = environment.now();
  provider.stateOf = drill.state;
  await drill.load(HEALTHY_MS);
  provider.isDown = true;
  report('The provider fails');
  await drill.load(OUTAGE_MS);
  provider.isDown = false;
  report('The provider is well again');
  const closed = await drill.untilClosed();
  report('The circuit has closed');
  const inspection = { ledger: LedgerTable, shards: Number(LedgerShards), from: began };
  const handled = await drill.untilHandled(async () => {
    const { lines } = await reconcile(environment, { ...inspection, to: environment.now() + 1_000 });
    return Object.values(lines).reduce((sum, line) => sum + line.handled, 0);
  });
  const deadLettered = await depthOf(environment, DeadLetterQueue);
  const { calls } = provider;
  const firstFailure = calls.find(({ failed }) => failed)?.at ?? Number.NaN;
  const whileOpen = calls.filter(({ state }) => state === 'open');
  const lastRun = calls.findLast(({ failed, state }) => failed && state !== 'halfOpen')?.at ?? Number.NaN;
  return {
    published: drill.published,
    handled,
    lastRunAfterMs: lastRun - firstFailure,
    outage: {
      openedAfterMs: drill.openedAt - firstFailure,
      handlerRunsWhileOpen: whileOpen.length,
      probes: calls.filter(({ state, failed }) => state === 'halfOpen' && !failed).length,
      deadLettered,
      closedAfterMs: closed - firstFailure,
    },
  };
}

/** The outage, and whether all messages were handled. */
export interface OutageDrill {
  readonly published: number;
  readonly handled: number;
  /** When the last handler ran that was no probe, before the circuit closed: milliseconds from the first failure on. */
  readonly lastRunAfterMs: number;
  readonly outage: OutageResult;
}

/** The outage in words. */
export function outageSummary({ published, handled, lastRunAfterMs, outage }: OutageDrill): string[] {
  const seconds = (milliseconds: number) => `${(milliseconds / 1_000).toFixed(1)} s`;
  return [
    `Outage: the circuit opened ${seconds(outage.openedAfterMs)} after the first failure, ${outage.probes} probes went well, and it closed after ${seconds(outage.closedAfterMs)}`,
    `  ${handled} of ${published} charges handled, ${outage.deadLettered} buried, ${outage.handlerRunsWhileOpen} handlers ran while it was open, the last ${seconds(lastRunAfterMs)} after the first failure`,
  ];
}

/** What is wrong with how an outage ended. */
export function outageProblems({ published, handled, outage }: OutageDrill): string[] {
  const { probes, deadLettered } = outage;
  return [
    ...(deadLettered > 0 ? [`the outage buried ${deadLettered} messages`] : []),
    ...(handled < published ? [`${published - handled} of ${published} charges were not handled`] : []),
    ...(probes === PROBES ? [] : [`${probes} probes went well, and ${PROBES} were to`]),
  ];
}

class Drill {
  published = 0;
  openedAt = Number.NaN;
  readonly #environment: Environment;
  readonly #provider: FailingProvider;
  readonly #signal: AbortSignal;

  constructor(environment: Environment, provider: FailingProvider, signal: AbortSignal) {
    this.#environment = environment;
    this.#provider = provider;
    this.#signal = signal;
  }

  readonly state = async (): Promise<string> => {
    const row = await readCircuit(ledgerOf(this.#environment), 'charge-card');
    const { state = 'closed', since = Number.NaN } = row ?? {};
    if (state === 'open' && Number.isNaN(this.openedAt)) this.openedAt = since;
    return state;
  };

  /** Publishes charges for so long. */
  async load(milliseconds: number): Promise<void> {
    const until = Date.now() + milliseconds;
    for (let next = Date.now(); next < until; next += 1_000 / RATE) {
      this.#signal.throwIfAborted();
      await sleep(Math.max(0, next - Date.now()));
      this.published += 1;
      const charge = { orderId: `outage-${this.published}`, amountCents: 990 };
      await publish(ChargeRequested, charge, { environment: this.#environment });
      if (this.published % RATE === 0) await this.state();
    }
  }

  /** When the circuit has closed. */
  async untilClosed(): Promise<number> {
    await this.#until(async () => !this.#provider.isDown && (await this.state()) === 'closed');
    return Date.now();
  }

  async untilHandled(handled: () => Promise<number>): Promise<number> {
    let count = 0;
    await this.#until(async () => {
      count = await handled();
      return count >= this.published;
    });
    return count;
  }

  async #until(is: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    while (!(await is()) && Date.now() < end) {
      this.#signal.throwIfAborted();
      await sleep(500);
    }
  }
}

async function depthOf({ sqs }: Environment, QueueUrl: string): Promise<number> {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }));
  return names.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
}

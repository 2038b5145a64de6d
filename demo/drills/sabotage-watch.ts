import { setTimeout as sleep } from 'node:timers/promises';
import { BINDINGS } from 'waybill';
import type { Hop } from 'waybill/operations';
import { createEnvironment } from 'waybill/runtime';
import type { Progress } from '../../lib/cli/progress.ts';
import { readGraph } from '../../lib/ledger/graph.ts';
import { heal } from '../../lib/reconcile/heal.ts';
import { runPasses } from '../../lib/reconcile/passes.ts';
import { type Deployment, inspectionOf, reconcileSince } from '../deployment.ts';

/** A message that Waybill named missing at a subscriber. */
export interface NamedMessage {
  readonly id: string;
  readonly subscriber: string;
  readonly hop: Hop;
  /** When it was first named so, in milliseconds since the epoch. */
  readonly at: number;
}

/** Between two looks. */
const PAUSE_MS = 3_000;
/** The demo breaks more at once than a minute's budget heals, and is no storm. */
const BUDGET = 100;
/** How long after a subscriber's removal its messages are given up, where a deployed ledger waits an hour. */
const ABANDON_AFTER_SECONDS = 3;

/**
 * Reconciles and heals every few seconds: the code of the deployed reconciler, which runs every minute, and beside it. What
 * both do at once has the same effect as what one does.
 */
export class SabotageWatch {
  /** Copies that this watch has sent again. The deployed reconciler may have sent others. */
  resent = 0;
  /** Ids of messages whose subscriber was removed before they ended there. */
  readonly abandoned = new Set<string>();
  readonly #deployment: Deployment;
  readonly #progress: Pick<Progress, 'note'>;
  readonly #since = Date.now();
  readonly #named = new Map<string, NamedMessage>();
  #looks: Promise<void> = Promise.resolve();

  /** @param progress what healing complains of is said there */
  constructor(deployment: Deployment, progress: Pick<Progress, 'note'>) {
    this.#deployment = deployment;
    this.#progress = progress;
  }

  get named(): readonly NamedMessage[] {
    return [...this.#named.values()];
  }

  /** Reconciles and heals once; it begins when it is called or later. */
  readonly look = (): Promise<void> => {
    // A run of the deployed reconciler that fails is made up for by the next one: so it is here.
    const once = () => this.#look().catch(() => this.#look().catch(() => this.#look()));
    const look = this.#looks.then(once);
    this.#looks = look.catch(() => undefined);
    return look;
  };

  readonly isNamed = (messageId: string): boolean => this.named.some(({ id }) => id === messageId);

  /** Looks again and again until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const began = performance.now();
      await this.look();
      // Looking takes at most a fourth of the time, so that what is looked at gets on.
      const rest = Math.max(PAUSE_MS, 3 * (performance.now() - began));
      await sleep(rest, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const { missing } = await reconcileSince(this.#deployment, this.#since);
    for (const { id, subscriber, hop } of missing) this.#name(id, subscriber, hop);
    const complain = (message: string, fields: object) => this.#progress.note(`${message}: ${JSON.stringify(fields)}`);
    const log = { info: () => undefined, warn: complain, error: complain };
    const variables = { ...this.#deployment.variables, [BINDINGS.abandonAfter]: String(ABANDON_AFTER_SECONDS) };
    const environment = { ...createEnvironment(variables), log };
    const { ledger: table, shards, listEventSources } = inspectionOf(this.#deployment);
    const ledger = { environment, table, shards };
    const options = { listEventSources, graph: await readGraph(ledger) };
    await runPasses(ledger, options);
    const healing = await heal(ledger, { ...options, budget: BUDGET });
    // What the deployed reconciler has named and healed meanwhile stands in its cases, also where it has ended.
    for (const { id, subscriber, hop } of [...healing.missing, ...healing.closed]) {
      if (hop) this.#name(id, subscriber, hop);
    }
    for (const { id } of healing.abandoned) this.abandoned.add(id);
    this.resent += healing.resent.length;
  }

  #name(id: string, subscriber: string, hop: Hop): void {
    const key = `${id} ${subscriber} ${hop}`;
    if (!this.#named.has(key)) this.#named.set(key, { id, subscriber, hop, at: Date.now() });
  }
}

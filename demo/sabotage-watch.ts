import { setTimeout as sleep } from 'node:timers/promises';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { createEnvironment, type Environment } from 'waybill/runtime';
import type { Progress } from '../lib/cli/progress.ts';
import type { Hop } from '../lib/inspect/inspection.ts';
import { eventSourcesOf } from '../lib/inspect/list-event-sources.ts';
import { readGraph } from '../lib/ledger/graph.ts';
import { heal } from '../lib/reconcile/heal.ts';
import { runPasses } from '../lib/reconcile/passes.ts';
import { reconcile } from '../lib/reconcile/reconcile.ts';
import type { Deployment } from './shop.ts';

/** A message that Waybill named missing at a subscriber. */
export interface NamedMessage {
  readonly id: string;
  readonly subscriber: string;
  readonly hop: Hop;
  /** When it was first named so, in milliseconds since the epoch. */
  readonly at: number;
}

/** Between two looks. */
const PAUSE = 3_000;
/** Clocks of one machine: a message's id is not ahead of them by more. */
const AHEAD = 1_000;
/** The demo breaks more at once than a minute's budget heals, and is no storm. */
const BUDGET = 100;
const TRIES = 3;

/**
 * Reconciles and heals every few seconds: the code of the deployed reconciler, which runs every minute, and beside it. What
 * both do at once has the same effect as what one does.
 */
export class SabotageWatch {
  readonly #environment: Environment;
  readonly #deployment: Pick<Deployment, 'ledger' | 'shards'>;
  readonly #listEventSources = eventSourcesOf(new LambdaClient());
  readonly #since: number;
  readonly #named = new Map<string, NamedMessage>();
  #resent = 0;
  #looks: Promise<void> = Promise.resolve();

  /** @param progress what healing complains of is said there */
  constructor(deployment: Deployment, progress: Pick<Progress, 'note'>) {
    const complain = (message: string, fields: object) => progress.note(`${message}: ${JSON.stringify(fields)}`);
    const log = { info: () => undefined, warn: complain, error: complain };
    this.#environment = { ...createEnvironment(deployment.variables), log };
    this.#deployment = deployment;
    this.#since = this.#environment.now();
  }

  get named(): readonly NamedMessage[] {
    return [...this.#named.values()];
  }

  /** Copies that this watch has sent again. The deployed reconciler may have sent others. */
  get resent(): number {
    return this.#resent;
  }

  /** Milliseconds within which a message should have ended at a subscriber. */
  async deadlines(): Promise<ReadonlyMap<string, number>> {
    const { routes } = await readGraph(this.#environment, this.#deployment.ledger);
    return new Map(routes.map(({ subscriber, deadline }) => [subscriber, deadline]));
  }

  /** Reconciles and heals once; it begins when it is called or later. */
  look(): Promise<void> {
    const look = this.#looks.then(() => this.#lookPatiently());
    this.#looks = look.catch(() => undefined);
    return look;
  }

  /** Looks again and again until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const began = performance.now();
      await this.look();
      // Looking takes at most a fourth of the time, so that what is looked at gets on.
      const rest = Math.max(PAUSE, 3 * (performance.now() - began));
      await sleep(rest, undefined, { signal }).catch(() => undefined);
    }
  }

  /** A run of the deployed reconciler that fails is made up for by the next one: so it is here. */
  async #lookPatiently(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#look();
      } catch (error) {
        if (tries === TRIES) throw error;
      }
    }
  }

  async #look(): Promise<void> {
    const { ledger, shards } = this.#deployment;
    const environment = this.#environment;
    const graph = await readGraph(environment, ledger);
    const options = { ledger, shards, graph, listEventSources: this.#listEventSources };
    const to = environment.now() + AHEAD;
    const { missing } = await reconcile(environment, { ...options, from: this.#since, to });
    for (const { id, subscriber, hop } of missing) this.#name(id, subscriber, hop);
    await runPasses(environment, options);
    const healing = await heal(environment, { ...options, budget: BUDGET });
    // What the deployed reconciler has named and healed meanwhile stands in its cases, also where it has ended.
    for (const { id, subscriber, hop } of [...healing.missing, ...healing.closed]) {
      if (hop) this.#name(id, subscriber, hop);
    }
    this.#resent += healing.resent.length;
  }

  #name(id: string, subscriber: string, hop: Hop): void {
    const key = `${id} ${subscriber} ${hop}`;
    if (!this.#named.has(key)) this.#named.set(key, { id, subscriber, hop, at: this.#environment.now() });
  }
}

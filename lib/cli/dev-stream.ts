import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { createEnvironment } from '../aws/environment.ts';
import { BINDINGS } from '../contract/bindings.ts';
import { readGraph } from '../ledger/graph.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { withEveryShard } from '../ledger/shards.ts';
import type { Target } from '../local/index.ts';
import { type ListedCopy, type ListedMessage, messagesOf } from '../reconcile/messages.ts';
import { CLIENT_LIMITS } from './aws-access.ts';
import { colourOf } from './colour.ts';
import { type CommandContext, print, printJson } from './command-context.ts';
import { type DeployedFunction, functionsOf, ledgersOf } from './deployed-functions.ts';
import { logLine } from './log-line.ts';
import { LogTail } from './log-tail.ts';
import { printable } from './printable.ts';
import { lengthOf } from './span-text.ts';
import { useTarget } from './use-target.ts';

const PAUSE_MS = 500;
/** Messages are asked for more seldom: that costs a query a shard and minute, and one more for each subscriber. */
const ROUNDS_APART = 3;
/** A message is looked at for so long; one that takes longer is what `waybill ls` is for. */
const WINDOW_MS = 120_000;
const LOOKAHEAD_MS = 60_000;

interface Followed {
  readonly ledger: Ledger;
  readonly functions: readonly DeployedFunction[];
  readonly tail: LogTail;
}

/** Prints what happens at the ledgers of an engine: what functions log, which messages are committed, and how each ends. */
export class DevStream {
  readonly #json: boolean;
  readonly #context: CommandContext;
  readonly #since = Date.now();
  readonly #told = new Set<string>();
  readonly #followed = new Map<string, Followed>();
  #stale = false;

  constructor(target: Target, json: boolean, context: CommandContext) {
    this.#json = json;
    this.#context = context;
    useTarget(target);
  }

  /** Has it look which functions there are. */
  look(): void {
    this.#stale = true;
  }

  async run(signal: AbortSignal): Promise<void> {
    for (let round = 0; !signal.aborted; round++) {
      try {
        if (this.#stale) await this.#find();
        for (const followed of this.#followed.values()) await this.#follow(followed, round % ROUNDS_APART === 0);
      } catch {
        // An engine that is busy, or a deployment under way: the next round sees what this one has not.
      }
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #find(): Promise<void> {
    this.#stale = false;
    const lambda = new LambdaClient(CLIENT_LIMITS);
    for (const [name, { shards }] of await ledgersOf(lambda)) {
      const functions = await functionsOf(lambda, name);
      const known = this.#followed.get(name);
      const groups = (list: readonly DeployedFunction[] = []) => list.map(({ logGroup }) => logGroup).join();
      if (groups(known?.functions) === groups(functions)) continue;
      const environment = createEnvironment({ [BINDINGS.ledger]: name, [BINDINGS.shards]: String(shards) });
      const ledger = await withEveryShard(ledgerOf(environment));
      const own = functions.filter(({ kind }) => kind !== 'framework');
      const tail = known?.tail ?? new LogTail(new CloudWatchLogsClient(CLIENT_LIMITS), own, this.#since);
      tail.follow(own);
      this.#followed.set(name, { ledger, functions, tail });
    }
  }

  async #follow({ ledger, functions, tail }: Followed, withMessages: boolean): Promise<void> {
    const width = Math.max(0, ...functions.map(({ name }) => name.length));
    for (const event of await tail.read()) {
      const line = this.#json ? undefined : logLine(event, width, this.#context);
      if (this.#json) printJson(this.#context, { event: 'log', ...event });
      else if (line !== undefined) print(this.#context, line);
    }
    if (!withMessages) return;
    const graph = await readGraph(ledger);
    const from = Math.max(this.#since, Date.now() - WINDOW_MS);
    const messages: ListedMessage[] = [];
    for await (const message of messagesOf(ledger, { graph, from, to: Date.now() + LOOKAHEAD_MS })) {
      messages.unshift(message);
    }
    for (const message of messages) this.#tellMessage(message);
  }

  #tellMessage(message: ListedMessage): void {
    const { id, type, key, committed, subscribers } = message;
    if (this.#isNew(id)) this.#say({ event: 'committed', id, type, key }, committed, 'committed', message);
    for (const copy of subscribers) {
      if (copy.state === 'inFlight' || copy.state === 'scheduled' || copy.state === 'late') continue;
      if (!this.#isNew(`${id} ${copy.subscriber} ${copy.state}`)) continue;
      const { subscriber, state, ended, reason, evidence } = copy;
      const took = ended === undefined ? '' : ` after ${lengthOf(ended - committed)}`;
      const why = reason ?? evidence;
      const words = `${state} at ${subscriber}${took}${why ? `: ${why}` : ''}`;
      this.#say({ event: 'ended', id, type, key, ...copy }, ended ?? Date.now(), words, message, copy);
    }
  }

  #say(facts: object, time: number, words: string, { id, type, key }: ListedMessage, copy?: ListedCopy): void {
    if (this.#json) {
      printJson(this.#context, facts);
      return;
    }
    const clock = colourOf(this.#context, 'dim', new Date(time).toISOString().slice(11, 23));
    const isBad = copy && ['dead', 'missing', 'unjudged', 'abandoned'].includes(copy.state);
    const colour = copy ? (isBad ? 'red' : 'green') : 'cyan';
    const what = `${printable(type)} ${printable(key)}`;
    print(this.#context, `${clock}  ${colourOf(this.#context, colour, printable(words))}  ${what}  ${id}`);
  }

  #isNew(what: string): boolean {
    const isNew = !this.#told.has(what);
    this.#told.add(what);
    return isNew;
  }
}

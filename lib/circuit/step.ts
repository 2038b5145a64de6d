import { quietly } from '../aws/environment.ts';
import type { Counts } from '../aws/invocation.ts';
import { DAY_MS } from '../contract/time.ts';
import { type CircuitChange, changeCircuit, readCircuit } from '../ledger/circuit.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { CircuitRow } from '../ledger/rows/circuit.ts';
import { isAtRest } from './at-rest.ts';
import { LONGEST_OPEN_MS, openedFor } from './circuit.ts';
import {
  type ControlClients,
  type EventSource,
  type EventSources,
  eventSourcesOf,
  SourceBusy,
  switchSource,
} from './event-sources.ts';
import { type Probed, probe } from './probe.ts';

export interface StepOptions {
  readonly ledger: Ledger;
  readonly clients: ControlClients;
  readonly subscriber: string;
  /** The subscriber's own queue. */
  readonly queueUrl: string;
  readonly isStream: boolean;
  /** The control message by which it is looked after, and how often that was received. */
  readonly owner: string;
  readonly receives: number;
  readonly counts: Counts;
}

/** While a circuit is open its event sources are looked at so often, in seconds: a deploy switches them on. */
const OPEN_SECONDS = 60;
/** Lambda takes some seconds to carry a change of an event source out. */
const BUSY_SECONDS = 2;
/** Between the first two looks at a queue with no message to try, and at most: all of its messages rest. */
const EMPTY_SECONDS = 5;
const STILL_EMPTY_SECONDS = 60;
/** Between two steps in which a circuit that has closed takes on more, and where it begins and ends. */
const RAMP_SECONDS = 10;
const RAMP_FROM = 2;
const RAMP_TO = 64;
/** A circuit is taken over where the message that looked after it has not come back for so long. */
const OWNED_MS = 180_000;
/** A control message comes before its circuit is opened: so many receives of it, a second apart, are waited for. */
const PATIENT_RECEIVES = 10;
/** A message that proves nothing is followed by another, so many times in one step. */
const TRIES = 10;

/** One look of the controller at one circuit. Each change is made on condition that nobody else has made one. */
export class CircuitStep {
  readonly #options: StepOptions;
  #row: CircuitRow | undefined;

  constructor(options: StepOptions) {
    this.#options = options;
  }

  /** Answers with the seconds after which to look again; `undefined` where nothing is left to do, or another does it. */
  async take(): Promise<number | undefined> {
    const { ledger, subscriber, owner, receives } = this.#options;
    this.#row = await readCircuit(ledger, subscriber);
    if (isAtRest(this.#row)) return receives < PATIENT_RECEIVES ? 1 : undefined;
    const { owner: other, ownedUntil = 0 } = this.#row ?? {};
    if (other !== undefined && other !== owner && this.#now < ownedUntil) return undefined;
    if (!(await this.#change({ owner, ownedUntil: this.#now + OWNED_MS }))) return BUSY_SECONDS;
    const sources = await eventSourcesOf(this.#options.clients, this.#options.queueUrl);
    if (!sources) return OPEN_SECONDS;
    this.#tellOverdue(sources);
    try {
      return await this.#go(sources);
    } catch (error) {
      if (error instanceof SourceBusy) return BUSY_SECONDS;
      throw error;
    }
  }

  /** Leaves the circuit to another message, which goes on at once. */
  async release(): Promise<void> {
    await this.#change({ owner: undefined, ownedUntil: undefined });
  }

  /** What waits since the circuit was closed last is gone soon: a day before, an alarm rings each minute. */
  #tellOverdue({ kept }: EventSources): void {
    const { stopped = Infinity, by, reason } = this.#row ?? {};
    const waited = this.#now - stopped;
    if (waited < kept - Math.min(DAY_MS, kept / 2)) return;
    const [waitedSeconds, keptSeconds] = [waited, kept].map((one) => Math.round(one / 1_000));
    const fields = { subscriber: this.#options.subscriber, by, reason, waitedSeconds, keptSeconds };
    quietly(() => this.#environment.log.error('circuit open for too long', fields));
    this.#options.counts.add('overdue');
  }

  async #go(sources: EventSources): Promise<number | undefined> {
    const row = this.#row;
    switch (row?.state) {
      case 'open': {
        await this.#switchOff(sources);
        const rest = row.retryAt === undefined ? OPEN_SECONDS : Math.ceil((row.retryAt - this.#now) / 1_000);
        if (rest > 0) return Math.min(OPEN_SECONDS, rest);
        const probes = { probesLeft: row.probes ?? 1, good: 0 };
        const moved = await this.#change({ state: 'halfOpen', since: this.#now, ...probes });
        return moved ? this.#probe(sources) : BUSY_SECONDS;
      }
      case 'halfOpen':
        await this.#switchOff(sources);
        return this.#probe(sources);
      default:
        return this.#ramp(sources);
    }
  }

  /** What was switched on when the circuit opened is switched on again later, as it was. */
  async #switchOff({ sources }: EventSources): Promise<void> {
    const on = sources.filter(({ isOn }) => isOn);
    const known = this.#row?.wanted;
    const fresh = on.filter(({ id }) => known?.[id] === undefined);
    if (fresh.length > 0) {
      const wanted = { ...known, ...Object.fromEntries(fresh.map(({ id, concurrency }) => [id, concurrency])) };
      if (!(await this.#change({ wanted }))) throw new SourceBusy('Another has changed the circuit');
    }
    for (const source of on) await switchSource(this.#options.clients, source, { isOn: false });
  }

  /** Tries messages one by one, each on a place of its own: there are as many places as probes. */
  async #probe(sources: EventSources): Promise<number | undefined> {
    const { queueUrl, isStream } = this.#options;
    for (let tries = 0; tries < TRIES; tries++) {
      const { probesLeft = 0, good = 0, probes = 1 } = this.#row ?? {};
      if (good >= probes) return this.#close(sources);
      // Whoever took the last place has died with it: what came of it nobody knows.
      if (probesLeft <= 0) return this.#reopen(sources);
      if (!(await this.#change({ probesLeft: probesLeft - 1 }))) return BUSY_SECONDS;
      const probed = await probe(this.#options.clients, queueUrl, sources);
      this.#options.counts.add(`probe-${probed}`);
      const isFew = this.#isFew(sources);
      if (probed === 'failed') return isFew ? this.#close(sources, true) : this.#reopen(sources);
      const few = probed === 'empty' && this.#areFew(sources) ? { few: true } : {};
      const change = probed === 'good' ? { good: good + 1 } : { probesLeft, ...few };
      if (!(await this.#change(change))) return BUSY_SECONDS;
      // A stream's records come by its event source alone.
      if (probed === 'empty') return isStream || isFew ? this.#close(sources) : this.#rest();
      this.#tell(probed);
    }
    return 1;
  }

  /**
   * Whether fewer messages are left than it takes to open a circuit, for the second time: what fails among them is poison, which
   * ends by its attempts alone, and those count while the circuit is closed. SQS counts approximately, so that once is chance.
   */
  #isFew(sources: EventSources): boolean {
    return this.#row?.few === true && this.#areFew(sources);
  }

  #areFew({ queued }: EventSources): boolean {
    return queued < (this.#row?.failures ?? 0);
  }

  /** Seconds until messages may have rested that are waited for: longer and longer. */
  #rest(): number {
    const waited = Math.floor((this.#now - (this.#row?.since ?? this.#now)) / 1_000);
    return Math.min(STILL_EMPTY_SECONDS, Math.max(EMPTY_SECONDS, waited));
  }

  async #reopen(sources: EventSources): Promise<number> {
    const { wait = 0 } = this.#row ?? {};
    const longer = Math.min(LONGEST_OPEN_MS, wait * 2);
    await this.#change({ ...openedFor(longer, this.#now), few: this.#areFew(sources) || undefined });
    this.#tell('failed');
    return Math.min(OPEN_SECONDS, Math.ceil(longer / 1_000));
  }

  /** Records may be handled before their event sources are switched on: nothing is handed over in vain. */
  async #close(sources: EventSources, isPoison = false): Promise<number | undefined> {
    const change = {
      state: 'closed',
      since: this.#now,
      // While it takes on its load by and by, it is opened by as many messages as there are probes: by the same poison again.
      ramp: isPoison ? undefined : RAMP_FROM,
      failures: undefined,
      few: undefined,
      probesLeft: undefined,
      good: undefined,
      stopped: undefined,
    } as const;
    if (!(await this.#change({ ...change, retryAt: undefined }))) return BUSY_SECONDS;
    quietly(() => this.#environment.log.info('circuit closed', { subscriber: this.#options.subscriber }));
    this.#options.counts.add('closed');
    return this.#ramp(sources, true);
  }

  /** Lets the event sources take on twice as much, until they may take on what they did before. */
  async #ramp({ sources }: EventSources, isFirst = false): Promise<number | undefined> {
    const { ramp = RAMP_TO, wanted = {}, since = 0 } = this.#row ?? {};
    const isDue = isFirst || this.#now >= since + RAMP_SECONDS * 1_000;
    const next = isFirst || !isDue ? ramp : ramp * 2;
    const ours = sources.filter(({ id }) => wanted[id] !== undefined);
    const isDone = next >= RAMP_TO || ours.every(({ id, kind }) => next >= most(wanted[id] ?? 0, kind));
    for (const source of ours) {
      const limit = wanted[source.id] ?? 0;
      const concurrency = isDone ? limit : Math.min(next, most(limit, source.kind));
      if (source.isOn && source.concurrency === concurrency) continue;
      await switchSource(this.#options.clients, source, { isOn: true, concurrency });
    }
    const done = {
      ramp: undefined,
      wanted: undefined,
      wait: undefined,
      owner: undefined,
      ownedUntil: undefined,
    } as const;
    const change: CircuitChange = isDone ? done : { ramp: next, since: isDue ? this.#now : since };
    if (!(await this.#change(change))) return BUSY_SECONDS;
    return isDone ? undefined : RAMP_SECONDS;
  }

  async #change(change: CircuitChange): Promise<boolean> {
    const { ledger, subscriber } = this.#options;
    const changed = await changeCircuit(ledger, subscriber, this.#row, change);
    if (changed) this.#row = changed;
    return changed !== undefined;
  }

  #tell(probed: Probed): void {
    const { subscriber } = this.#options;
    quietly(() => this.#environment.log.info('probed', { subscriber, probe: probed, good: this.#row?.good }));
  }

  get #environment() {
    return this.#options.ledger.environment;
  }

  get #now(): number {
    return this.#environment.now();
  }
}

/** How many invocations at once an event source is to be allowed in the end. */
function most(limit: number, kind: EventSource['kind']): number {
  return kind === 'queue' && limit === 0 ? RAMP_TO : limit;
}

import { type Environment, quietly } from '../aws/environment.ts';
import { errorCode, errorTrace } from '../aws/errors.ts';
import { type BreakerSettings, LONGEST_OPEN_SECONDS } from '../contract/breaker.ts';
import { METRICS } from '../contract/metrics.ts';
import { addCounts, changeCircuit, readCircuit } from '../ledger/circuit.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type CircuitCounts, type CircuitRow, SPAN_MS, spansOf } from '../ledger/rows/circuit.ts';
import { sendControl } from './control-message.ts';
import { isOver } from './is-over.ts';

export interface CircuitOptions {
  readonly ledger: Ledger;
  readonly subscriber: string;
  readonly settings: BreakerSettings;
  readonly controlQueueUrl: string;
}

/** An environment writes to its circuit no more often than this, and reads it no more often. */
const PAUSE_MS = 1_000;
/** Where nobody has begun to probe so long after it was due, the control message is lost, and is sent again. */
const OVERDUE_MS = 30_000;
/** For how long records go back while an operator has paused the subscriber, or probes are under way. */
const LATER_SECONDS = 30;

/** What an execution environment knows of its subscriber's circuit, and what it has counted since it last wrote. */
export class Circuit {
  readonly #options: CircuitOptions;
  #row: CircuitRow | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #sentAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #counts = new Map<number, { failed: number; total: number; readonly ids: Set<string> }>();
  #reason = '';

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  /**
   * Reads the circuit where what is known of it does not do: once when the environment starts, and while it is not closed.
   * Never throws: where it cannot be read, handlers run.
   */
  async look(): Promise<void> {
    const isKnown = this.#readAt !== Number.NEGATIVE_INFINITY && !this.isOpen;
    const isWaiting = this.isOpen && this.#now < (this.#row?.retryAt ?? 0);
    if (isKnown || isWaiting || this.#now < this.#readAt + PAUSE_MS) return this.#reading;
    this.#readAt = this.#now;
    this.#reading = this.#read();
    return this.#reading;
  }

  /** Whether handlers may not run. */
  get isOpen(): boolean {
    return (this.#row?.state ?? 'closed') !== 'closed';
  }

  /** Seconds until a record that may not be handled now comes again. */
  get wait(): number {
    const { state, retryAt } = this.#row ?? {};
    const rest = state === 'open' && retryAt !== undefined ? Math.ceil((retryAt - this.#now) / 1_000) : 0;
    return rest > 0 ? rest : LATER_SECONDS;
  }

  /** A handler has run, and what it depends on was well. */
  ran(): void {
    this.#countsNow.total += 1;
  }

  /** A handler has run, and what it depends on has failed. */
  async tripped(id: string, error: unknown): Promise<void> {
    const counts = this.#countsNow;
    counts.total += 1;
    counts.failed += 1;
    // More than it takes tell nothing more.
    if (counts.ids.size < this.#options.settings.failures) counts.ids.add(id);
    this.#reason = errorCode(error);
    const ids = [...this.#counts.values()].reduce((sum, one) => sum + one.ids.size, 0);
    if (ids >= this.#options.settings.failures) await this.report();
  }

  /** Writes down what has failed since the last time, at most once a second, and opens the circuit where it is too much. */
  async report(): Promise<void> {
    const failed = [...this.#counts.values()].some((one) => one.failed > 0);
    if (!failed || this.isOpen || this.#now < this.#writtenAt + PAUSE_MS) return;
    this.#writtenAt = this.#now;
    const { ledger, subscriber, settings } = this.#options;
    try {
      this.#row = await addCounts(ledger, subscriber, this.#takeCounts(), this.#stale());
      if (!this.isOpen && isOver(this.#row, settings, this.#now)) await this.#open(this.#row);
    } catch (error) {
      // The ledger may be what fails.
      quietly(() => this.#environment.log.warn('circuit not written', { subscriber, ...errorTrace(error) }));
    }
  }

  /** The control message goes first: a circuit that is open and that nobody looks after would never close again. */
  async #open(row: CircuitRow): Promise<void> {
    const { ledger, subscriber, settings, controlQueueUrl } = this.#options;
    await sendControl(this.#environment, controlQueueUrl, { circuit: subscriber });
    const again = row.ramp === undefined ? settings.open : Math.min((row.wait ?? settings.open) * 2, LONGEST_OPEN_MS);
    const opened = await changeCircuit(ledger, subscriber, row, {
      ...openedFor(again, this.#now),
      stopped: this.#now,
      by: 'breaker',
      probes: settings.probes,
      failures: settings.failures,
      few: undefined,
      reason: this.#reason,
    });
    if (!opened) {
      // Another was first, or the controller has gone on: the next look tells.
      this.#row = await readCircuit(ledger, subscriber);
      return;
    }
    this.#row = opened;
    const fields = { subscriber, hop: 'consumer', reason: this.#reason, seconds: again / 1_000 };
    quietly(() => this.#environment.log.error('circuit opened', fields));
    quietly(() => this.#environment.metrics.count(METRICS.circuitOpened, 1));
  }

  async #read(): Promise<void> {
    const { ledger, subscriber, controlQueueUrl } = this.#options;
    try {
      this.#row = await readCircuit(ledger, subscriber);
      const { state, retryAt } = this.#row ?? {};
      const isOverdue = state === 'open' && retryAt !== undefined && this.#now > retryAt + OVERDUE_MS;
      if (!isOverdue || this.#now < this.#sentAt + OVERDUE_MS) return;
      this.#sentAt = this.#now;
      await sendControl(this.#environment, controlQueueUrl, { circuit: subscriber });
    } catch (error) {
      quietly(() => this.#environment.log.warn('circuit not read', { subscriber, ...errorTrace(error) }));
    }
  }

  get #environment(): Environment {
    return this.#options.ledger.environment;
  }

  get #now(): number {
    return this.#environment.now();
  }

  get #countsNow() {
    const span = Math.floor(this.#now / SPAN_MS);
    const counts = this.#counts.get(span) ?? { failed: 0, total: 0, ids: new Set<string>() };
    this.#counts.set(span, counts);
    const first = this.#firstSpan;
    for (const one of this.#counts.keys()) if (one < first) this.#counts.delete(one);
    return counts;
  }

  get #firstSpan(): number {
    return Math.floor((this.#now - this.#options.settings.within) / SPAN_MS);
  }

  #takeCounts(): CircuitCounts[] {
    const counts = [...this.#counts].map(([span, one]) => ({ span, ...one }));
    this.#counts = new Map();
    return counts;
  }

  /** Spans of the row that was read last and that count no more. */
  #stale(): number[] {
    const first = this.#firstSpan;
    return spansOf(this.#row).filter((span) => span < first);
  }
}

/** For how long a circuit is opened at most, in milliseconds. */
export const LONGEST_OPEN_MS = LONGEST_OPEN_SECONDS * 1_000;

/** What a circuit becomes that is opened now. */
export function openedFor(milliseconds: number, now: number) {
  return {
    state: 'open',
    since: now,
    retryAt: now + milliseconds,
    wait: milliseconds,
    probesLeft: undefined,
    good: undefined,
    ramp: undefined,
  } as const;
}

const circuits = new WeakMap<Environment, Circuit>();

/** The circuit of an environment's subscriber: a function serves one. */
export function circuitOf(options: CircuitOptions): Circuit {
  const { environment } = options.ledger;
  const known = circuits.get(environment) ?? new Circuit(options);
  circuits.set(environment, known);
  return known;
}

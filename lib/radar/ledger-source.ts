import type { Environment } from '../aws/environment.ts';
import type { InspectionOptions } from '../inspect/inspection.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { trace } from '../trace/trace.ts';
import type { TracedMessage } from '../trace/traced-message.ts';
import { type BucketDetail, deadIn, LISTED, missingIn } from './bucket-detail.ts';
import { byHour, type Hour } from './calendar.ts';
import { UnknownBusinessLine } from './errors.ts';
import { addCounts, type Counts, noCounts } from './health.ts';
import { type Latency, sampleLatency } from './latency.ts';
import { LiveMap } from './live-map.ts';
import type { RadarMap } from './radar-map.ts';
import type { RadarSource } from './radar-source.ts';
import { redrive } from './redrive.ts';

export interface LedgerSourceOptions extends InspectionOptions {
  /** The shortest pause between two refreshes while somebody looks, in milliseconds. @default 2 s */
  readonly pause?: number;
}

/** Refreshing may take this share of the time, so that a busy engine is left to those who work on it. */
const REFRESH_SHARE = 1 / 4;
const DEFAULT_PAUSE_MS = 2_000;
const FIRST_DAYS = 7;

/** The radar of a deployed ledger. It reads nothing while nobody looks. */
export class LedgerSource implements RadarSource {
  readonly ledger: string;
  readonly #environment: Environment;
  readonly #ledger: Ledger;
  readonly #options: LedgerSourceOptions;
  readonly #live: LiveMap;
  readonly #pause: number;
  readonly #listeners = new Set<() => void>();
  #days = FIRST_DAYS;
  #running = false;
  #refreshed = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<boolean> | undefined;
  /** Between two refreshes: ended when nobody looks any more. */
  #rest: AbortController | undefined;

  constructor(environment: Environment, options: LedgerSourceOptions) {
    this.#environment = environment;
    this.#options = options;
    this.#ledger = ledgerOf(environment, options);
    this.ledger = options.ledger;
    this.#pause = options.pause ?? DEFAULT_PAUSE_MS;
    this.#live = new LiveMap(this.#ledger, options.listEventSources);
  }

  async map(days: number): Promise<RadarMap> {
    const isLonger = days > this.#days;
    this.#days = Math.max(this.#days, days);
    const isOld = !this.#running && this.#environment.now() - this.#refreshed >= this.#pause;
    if (isLonger || isOld) await this.refresh();
    const lines = [...this.#live.lines].sort(([one], [other]) => (one < other ? -1 : 1));
    return {
      now: this.#environment.now(),
      days,
      lines: new Map(lines.map(([line, minutes]) => [line, byHour(minutes.values())])),
    };
  }

  /** Brings the map up to date; two at once are one. */
  refresh(): Promise<boolean> {
    this.#refreshing ??= this.#live.refresh(this.#days).finally(() => {
      this.#refreshing = undefined;
      this.#refreshed = this.#environment.now();
    });
    return this.#refreshing;
  }

  async bucket(businessLine: string, hour: Hour): Promise<BucketDetail> {
    const graph = await this.#live.graph();
    if (!graph.businessLines.includes(businessLine)) throw unknown(businessLine, graph.businessLines);
    const options = { graph, listEventSources: this.#options.listEventSources };
    // What was on its way may have ended or gone missing since.
    for (const minute of this.#minutes(
      businessLine,
      hour,
      ({ handled, dead, abandoned = 0, committed }) => handled + dead + abandoned < committed,
    )) {
      await this.#live.look(minute);
    }
    const withMissing = this.#minutes(businessLine, hour, ({ missing }) => missing > 0);
    const withDead = this.#minutes(businessLine, hour, ({ dead, abandoned = 0 }) => dead + abandoned > 0);
    const missing = await missingIn(this.#ledger, options, businessLine, withMissing);
    const dead = await deadIn(this.#ledger, graph, businessLine, withDead);
    const minutes = this.#countsOf(businessLine, hour);
    return {
      businessLine,
      hour,
      counts: [...minutes.values()].reduce((total, counts) => addCounts(total, counts), noCounts()),
      minutes,
      missing: missing.slice(0, LISTED),
      dead: dead.slice(0, LISTED),
      isCut: missing.length > LISTED || dead.length > LISTED,
    };
  }

  async latency(businessLine: string, hour: Hour): Promise<Latency> {
    const graph = await this.#live.graph();
    if (!graph.businessLines.includes(businessLine)) throw unknown(businessLine, graph.businessLines);
    const minutes = this.#minutes(businessLine, hour, ({ handled, dead }) => handled + dead > 0);
    return sampleLatency(this.#ledger, graph, businessLine, minutes);
  }

  trace(id: string): Promise<TracedMessage> {
    return trace(this.#environment, this.#options, id);
  }

  redrive(id: string, subscriber: string): Promise<void> {
    return redrive(this.#ledger, id, subscriber);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (!this.#running) void this.#run();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#rest?.abort();
    };
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#listeners.size > 0) {
      const began = this.#environment.now();
      try {
        if (await this.refresh()) for (const listener of this.#listeners) listener();
      } catch (error) {
        this.#environment.log.warn('the radar could not be refreshed', { error: String(error) });
      }
      if (this.#listeners.size === 0) break;
      const took = this.#environment.now() - began;
      this.#rest = new AbortController();
      await this.#environment.sleep(Math.max(this.#pause, took / REFRESH_SHARE - took), this.#rest.signal);
    }
    this.#running = false;
  }

  #minutes(businessLine: string, hour: Hour, wanted: (counts: Counts) => boolean): string[] {
    return [...this.#countsOf(businessLine, hour)].filter(([, counts]) => wanted(counts)).map(([minute]) => minute);
  }

  #countsOf(businessLine: string, hour: Hour): Map<string, Counts> {
    const minutes = [...(this.#live.lines.get(businessLine) ?? [])].filter(([minute]) => minute.startsWith(hour));
    return new Map(minutes.sort(([one], [other]) => (one < other ? -1 : 1)));
  }
}

function unknown(businessLine: string, known: readonly string[]): UnknownBusinessLine {
  return new UnknownBusinessLine(
    `There is no business line '${businessLine.slice(0, 64)}': there are ${known.join(', ') || 'none'}`,
  );
}

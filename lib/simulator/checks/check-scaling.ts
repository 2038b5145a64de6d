import { unmarshall } from '@aws-sdk/util-dynamodb';
import { LEAST_OF_QUEUE, SCALE_DEFAULTS, type ScaleSettings } from '../../contract/scale.ts';
import { MINUTE_MS, SECOND_MS } from '../../contract/time.ts';
import type { ScaleRow } from '../../ledger/rows/scale.ts';
import { SCALER } from '../faults/site.ts';
import type { RecordEntry, RowEntry, RunRecord } from '../run/run-record.ts';
import type { System } from '../system.ts';
import type { EventSourceState } from './check-circuits.ts';
import type { Violation } from './violation.ts';

/** Of two runs of the scaler that are nearer, one is the other's double. */
const APART_MS = 30 * SECOND_MS;
/** Readings that are further apart are not in a row. */
const IN_A_ROW_MS = 3 * MINUTE_MS;

/** A run of the scaler, and how many messages lay in the queue from then until the next. */
interface Run {
  readonly invocation: number;
  readonly at: number;
  least: number;
  most: number;
}

/**
 * K: a subscriber takes on twice as much at once, or half as much, only after two readings in a row that said so, and nothing beyond its bounds; in
 * the end, when nothing waits, it takes on its least again, and its event source is set to that.
 */
export function checkScaling(
  system: System,
  { entries }: RunRecord,
  sources: readonly EventSourceState[],
): Violation[] {
  const wrong = Object.entries(system.scales ?? {}).flatMap(([subscriber, given]) => {
    const settings = { ...SCALE_DEFAULTS, ...given };
    const min = Math.max(LEAST_OF_QUEUE, settings.min);
    const check = new ScalingCheck(subscriber, { ...settings, min, max: Math.max(min, settings.max) });
    for (const entry of entries) check.add(entry);
    return check.end(sources);
  });
  return wrong.map((what): Violation => ({ invariant: 'K', what }));
}

class ScalingCheck {
  readonly #wrong: string[] = [];
  readonly #subscriber: string;
  readonly #settings: ScaleSettings;
  readonly #queued = new Set<string>();
  readonly #runs: Run[] = [];
  #concurrency: number;
  #changedAt = Number.NEGATIVE_INFINITY;

  constructor(subscriber: string, settings: ScaleSettings) {
    this.#subscriber = subscriber;
    this.#settings = settings;
    this.#concurrency = settings.min;
  }

  add(entry: RecordEntry): void {
    if (entry.kind === 'invocation' && entry.actor === SCALER) {
      const { size } = this.#queued;
      this.#runs.push({ invocation: entry.invocation, at: entry.at, least: size, most: size });
    } else if (entry.kind === 'queue' && entry.event.queue === this.#subscriber) {
      const { kind, message } = entry.event;
      if (kind === 'sent') this.#queued.add(message.id);
      else if (kind === 'deleted' || kind === 'moved' || kind === 'expired') this.#queued.delete(message.id);
      const run = this.#runs.at(-1);
      if (!run) return;
      run.least = Math.min(run.least, this.#queued.size);
      run.most = Math.max(run.most, this.#queued.size);
    } else if (entry.kind === 'row' && entry.row?.kind === 'scale' && entry.row.of === this.#subscriber) {
      this.#onRow(entry);
    }
  }

  end(sources: readonly EventSourceState[]): string[] {
    const { min } = this.#settings;
    if (this.#concurrency !== min)
      this.#say(`takes on ${this.#concurrency} at once in the end, and its least is ${min}`);
    for (const { id, concurrency } of sources) {
      if (id !== `${this.#subscriber}-source-0` || concurrency === this.#concurrency) continue;
      this.#say(`is to take on ${this.#concurrency} at once in the end, and its event source is set to ${concurrency}`);
    }
    return this.#wrong;
  }

  #say(what: string): void {
    this.#wrong.push(`${this.#subscriber} ${what}`);
  }

  #onRow({ row, change, origin, at }: RowEntry): void {
    if (row?.sk !== 'scale' || !change.after) return;
    const { concurrency } = unmarshall(change.after) as ScaleRow;
    const before = this.#concurrency;
    if (concurrency === before) return;
    const { min, max, doubleAbove, halveBelow } = this.#settings;
    const isUp = concurrency > before;
    const step = isUp ? Math.min(max, before * 2) : Math.max(min, Math.floor(before / 2));
    if (concurrency !== step) this.#say(`goes from ${before} to ${concurrency} at once, and a step leads to ${step}`);
    const says = ({ least, most }: Run) => (isUp ? most > doubleAbove : least < halveBelow);
    const last = this.#runs.findLast(({ invocation }) => invocation === origin?.invocation);
    const first = this.#runs.find(
      (run) =>
        last !== undefined &&
        run.at > this.#changedAt &&
        run.at <= last.at - APART_MS &&
        run.at >= last.at - IN_A_ROW_MS &&
        says(run),
    );
    if (!last || !first || !says(last))
      this.#say(`goes from ${before} to ${concurrency} at once, and no two readings in a row said so`);
    this.#concurrency = concurrency;
    this.#changedAt = last?.at ?? at;
  }
}

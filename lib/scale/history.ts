import { HOUR_MS, MINUTE_MS } from '../contract/time.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Route } from '../ledger/rows/route.ts';
import type { HistoryRow } from '../ledger/rows/scale.ts';
import { readHistory, writeHistory } from '../ledger/scale.ts';
import { type RadarBucket, readRadar } from '../reconcile/radar-rows.ts';
import { forecast, MOST_HOURS } from './forecast.ts';

/** Reconciliation has counted a minute so long after its end. */
const COUNTED_AFTER_MS = 5 * MINUTE_MS;
/** How much more is taken on before the hour that asks for it begins. */
const LEAD_MS = 15 * MINUTE_MS;
/** The last minutes of which it is asked whether as much came as was to be expected. */
const LATELY_MS = 15 * MINUTE_MS;

/** What comes to a subscriber by the hour, as far as the radar has counted the business lines that it consumes. */
export class History {
  readonly #ledger: Ledger;
  readonly #lines: readonly string[];
  readonly #row: Omit<HistoryRow, 'pk' | 'sk'>;

  private constructor(ledger: Ledger, lines: readonly string[], row: Omit<HistoryRow, 'pk' | 'sk'>) {
    this.#ledger = ledger;
    this.#lines = lines;
    this.#row = row;
  }

  /** Reads what is known, and adds the hours that have been counted since: two weeks at first, then an hour each hour. */
  static async of(ledger: Ledger, routes: readonly Route[]): Promise<History> {
    const lines = [...new Set(routes.map(({ businessLine }) => businessLine))];
    const subscriber = routes[0]?.subscriber ?? '';
    const now = ledger.environment.now();
    const until = Math.floor((now - COUNTED_AFTER_MS) / HOUR_MS);
    const known = (await readHistory(ledger, subscriber)) ?? { from: until - MOST_HOURS, counts: [] };
    const next = Math.max(known.from + known.counts.length, until - MOST_HOURS);
    if (next >= until) return new History(ledger, lines, known);
    const buckets = await bucketsOf(ledger, lines, next * HOUR_MS, until * HOUR_MS - 1);
    const added = hoursOf(buckets, next, until);
    const contiguous = next === known.from + known.counts.length ? [...known.counts, ...added] : added;
    // Hours before the first message of all were no quiet hours: there was nobody yet.
    const whole = known.counts.length > 0 ? contiguous : contiguous.slice(contiguous.findIndex((count) => count > 0));
    const counts = contiguous.some((count) => count > 0) ? whole.slice(-MOST_HOURS) : [];
    const row = { from: until - counts.length, counts };
    if (counts.length > 0) await writeHistory(ledger, subscriber, row);
    return new History(ledger, lines, row);
  }

  /** Messages of the hour that a moment lies in; `undefined` where too little is known. */
  expectedIn(moment: number): number | undefined {
    const { from, counts } = this.#row;
    const ahead = Math.floor(moment / HOUR_MS) - (from + counts.length) + 1;
    return ahead < 1 ? counts.at(ahead - 1) : forecast(counts, ahead);
  }

  /** Messages of this hour, or of the next where that begins soon and brings more. */
  get expectedSoon(): number | undefined {
    const now = this.#ledger.environment.now();
    const both = [now, now + LEAD_MS].map((moment) => this.expectedIn(moment)).filter((one) => one !== undefined);
    return both.length > 0 ? Math.max(...both) : undefined;
  }

  /** What came in the last quarter of an hour that is counted, and what was to be expected; `undefined` where too little is known. */
  async lately(): Promise<{ readonly came: number; readonly expected: number } | undefined> {
    const to = this.#ledger.environment.now() - COUNTED_AFTER_MS;
    const from = to - LATELY_MS;
    const hours = [from, to].map((moment) => this.expectedIn(moment)).filter((one) => one !== undefined);
    if (hours.length < 2) return undefined;
    const buckets = await bucketsOf(this.#ledger, this.#lines, from, to - MINUTE_MS);
    // Where an hour begins in between, the lower of the two: it may have been the quieter that brought it all.
    return { came: committedIn(buckets), expected: (Math.min(...hours) * LATELY_MS) / HOUR_MS };
  }
}

async function bucketsOf(ledger: Ledger, lines: readonly string[], from: number, to: number): Promise<RadarBucket[]> {
  return [...(await readRadar(ledger, lines, { from, to })).values()].flat();
}

function hoursOf(buckets: readonly RadarBucket[], from: number, until: number): number[] {
  const byHour = Map.groupBy(buckets, ({ minute }) => Math.floor(Date.parse(`${minute}Z`) / HOUR_MS));
  return Array.from({ length: until - from }, (_, index) => committedIn(byHour.get(from + index) ?? []));
}

function committedIn(buckets: readonly RadarBucket[]): number {
  return buckets.reduce((sum, { committed }) => sum + committed, 0);
}

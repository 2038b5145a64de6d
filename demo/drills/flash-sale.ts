import { setTimeout as sleep } from 'node:timers/promises';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { BINDINGS, tableBinding } from 'waybill';
import { reconcile, trace } from 'waybill/operations';
import { createEnvironment, type Environment, publish, transact } from 'waybill/runtime';
import { Bookings, CourierRequested, SaleOrdered, Shelf, Sold } from '../../examples/flash-sale/contract.ts';
import { concurrently } from '../../lib/aws/concurrently.ts';
import { eventSourcesOf } from '../../lib/inspect/list-event-sources.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { readScale } from '../../lib/ledger/scale.ts';
import { booksOf, type SaleBooks } from './sale-books.ts';
import { SaleTracker } from './sale-tracker.ts';

/** What a flash sale came to: see docs/demo.md. */
export interface FlashSaleResult {
  readonly orders: number;
  /** Orders whose courier was booked too late, or never. */
  readonly stuck: number;
  /** The hop that the trace of one of them named. */
  readonly namedHop: string | null;
  /** From the first order that needs a courier until the radar's alarm. */
  readonly alarmAfterMs: number | null;
  /** Couriers booked a second before the scaler's first step, until its last, and afterwards; null where there was no such time. */
  readonly perSecond: Readonly<Record<'before' | 'during' | 'after', number | null>>;
  /** Pieces that were sold beyond what was there. */
  readonly oversold: number;
  /** Orders that were not decided, or whose courier was never booked. */
  readonly lost: readonly string[];
}

/** A finished drill. */
export interface FlashSaleDrill {
  readonly flashSale: FlashSaleResult;
  readonly books: SaleBooks;
  /** To how many invocations at once the scaler went. */
  readonly steps: readonly ScaleStep[];
}

/** A step of the scaler, in milliseconds since the epoch. */
export interface ScaleStep {
  readonly at: number;
  readonly concurrency: number;
}

/** Thousands want the product, of which there is a little less. */
export const ORDERS = 2_000;
export const PIECES = 1_900;
/** One in so many is brought by a courier. */
const COURIER_EACH = 10;
/** Thresholds of the drill, and until when a courier should have been booked. */
export const THRESHOLDS = { doubleAbove: 40, halveBelow: 5, cooldownSeconds: 5 };
export const COURIER_DEADLINE_MS = 5_000;
/** The radar's, of messages that are not where they should be. */
const ALARM_RATIO = 0.001;
const AT_ONCE = 16;
const PAUSE_MS = 1_000;
/** Where nothing more happens, the drill gives up. */
const PATIENCE_MS = 150_000;
const SKU = 'lamp';

export interface FlashSaleOptions {
  /** Of the deployed stack `FlashSale`. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Has thousands order one product at once, and tells what came of it. */
export async function runFlashSale({ outputs, report, signal }: FlashSaleOptions): Promise<FlashSaleDrill> {
  const { LedgerTable = '', LedgerShards = '' } = outputs;
  const tables = [Shelf, Sold, Bookings].map(({ name }) => [tableBinding(name), outputs[`${name}Table`] ?? '']);
  const environment = createEnvironment({
    [BINDINGS.ledger]: LedgerTable,
    [BINDINGS.shards]: LedgerShards,
    ...Object.fromEntries(tables),
  });
  const sale = new Sale(environment, report, signal);
  report(
    `The sale: ${ORDERS} orders of ${PIECES} lamps, one in ${COURIER_EACH} by courier, of whom ${sale.least} at once are booked; the scaler doubles above ${THRESHOLDS.doubleAbove} that wait`,
  );
  await transact((tx) => tx.put(Shelf, { sku: SKU, left: PIECES }), { environment });
  await sale.run();
  const books = await booksOf(environment);
  return { flashSale: sale.result(books), books, steps: sale.steps };
}

class Sale {
  /** Of the scaler, on SQS. */
  readonly least = 2;
  readonly steps: ScaleStep[] = [];
  readonly #environment: Environment;
  readonly #report: (line: string) => void;
  readonly #signal: AbortSignal;
  readonly #tracker: SaleTracker;
  readonly #began: number;
  #isOpen = true;
  #isOver = false;
  #alarmAt: number | undefined;
  #namedHop: string | undefined;

  constructor(environment: Environment, report: (line: string) => void, signal: AbortSignal) {
    this.#environment = environment;
    this.#signal = signal;
    this.#tracker = new SaleTracker(ledgerOf(environment));
    this.#began = environment.now();
    this.#report = (line) => report(`+${((environment.now() - this.#began) / 1_000).toFixed(1)} s  ${line}`);
  }

  async run(): Promise<void> {
    const selling = this.#order().finally(() => {
      this.#isOpen = false;
    });
    await Promise.all([
      selling,
      this.#watch().finally(() => {
        this.#isOver = true;
      }),
      this.#followScaler(),
    ]);
  }

  /** Submits all orders. */
  async #order(): Promise<void> {
    const orders = Array.from({ length: ORDERS }, (_, index) => index);
    await concurrently(AT_ONCE, orders, async (index) => {
      this.#signal.throwIfAborted();
      const order = { orderId: `sale-${index}`, sku: SKU, byCourier: index % COURIER_EACH === 0 };
      const { id } = await publish(SaleOrdered, order, { environment: this.#environment });
      this.#tracker.follow(order.orderId, id);
    });
    this.#report(`${ORDERS} orders are submitted`);
  }

  /** Follows all messages until each has ended; sounds the alarm, and traces one that is late. */
  async #watch(): Promise<void> {
    let [moved, known] = [this.#environment.now(), 0];
    while (this.#isOpen || this.#tracker.pending > 0) {
      this.#signal.throwIfAborted();
      await this.#tracker.poll();
      if (this.#alarmAt === undefined) await this.#sound();
      else if (this.#namedHop === undefined) await this.#name();
      const { ended } = this.#tracker;
      if (ended > known || this.#isOpen) [moved, known] = [this.#environment.now(), ended];
      if (this.#environment.now() > moved + PATIENCE_MS) break;
      await sleep(PAUSE_MS);
    }
    this.#report(`All has ended: ${this.#tracker.ended} messages, ${this.#tracker.pending} not`);
  }

  get #inspection() {
    const { [BINDINGS.ledger]: ledger = '', [BINDINGS.shards]: shards } = this.#environment.variables;
    return { ledger, shards: Number(shards), listEventSources: eventSourcesOf(new LambdaClient()) };
  }

  /** The radar's alarm: more than a thousandth of all is past its deadline, or missing. */
  async #sound(): Promise<void> {
    const { copies, lines, missing } = await reconcile(this.#environment, {
      ...this.#inspection,
      from: this.#began,
      to: this.#environment.now() + 1_000,
    });
    const committed = Object.values(lines).reduce((sum, line) => sum + line.committed, 0);
    const late = copies.late + missing.length;
    if (late <= committed * ALARM_RATIO) return;
    this.#alarmAt = this.#environment.now();
    const { inFlight = 0 } = lines[CourierRequested.businessLine] ?? {};
    this.#report(
      `The radar's alarm: ${late} of ${committed} messages are late; ${inFlight} of '${CourierRequested.businessLine}' are on their way`,
    );
  }

  /** The trace of the newest courier request that is late. */
  async #name(): Promise<void> {
    const until = this.#environment.now() - COURIER_DEADLINE_MS;
    const id = this.#tracker.newestCourier(until);
    if (!id) return;
    const message = await trace(this.#environment, this.#inspection, id);
    const below = message.subscribers.flatMap(({ published }) => published).flatMap(({ subscribers }) => subscribers);
    const stuck = below.find(({ state, hop }) => hop !== undefined && (state === 'late' || state === 'missing'));
    if (!stuck) return;
    this.#namedHop = stuck.hop;
    this.#report(`The trace of ${id} names the hop: ${stuck.hop} of '${stuck.subscriber}' (${stuck.evidence})`);
  }

  /** Notes each step of the scaler. */
  async #followScaler(): Promise<void> {
    let before = this.least;
    while (this.#isOpen || this.#tracker.pending > 0) {
      if (this.#signal.aborted || this.#isOver) return;
      const row = await readScale(ledgerOf(this.#environment), 'book-courier');
      if (row && row.applied === row.concurrency && row.concurrency !== before) {
        if (row.concurrency > before) this.steps.push({ at: this.#environment.now(), concurrency: row.concurrency });
        this.#report(`The scaler: ${before} → ${row.concurrency} at once`);
        before = row.concurrency;
      }
      await sleep(PAUSE_MS / 2);
    }
  }

  result(books: SaleBooks): FlashSaleResult {
    const first = this.#tracker.firstCourierAt;
    return {
      orders: ORDERS,
      stuck: this.#tracker.lateCouriers(COURIER_DEADLINE_MS),
      namedHop: this.#namedHop ?? null,
      alarmAfterMs: this.#alarmAt === undefined || first === undefined ? null : this.#alarmAt - first,
      perSecond: ratesOf(this.#tracker.courierEnds, this.steps),
      oversold: Math.max(0, books.sold - PIECES),
      lost: this.#tracker.lost,
    };
  }
}

/** Ends a second before the first step, from it to the last, and from that on, rounded to hundredths. */
export function ratesOf(ends: readonly number[], steps: readonly ScaleStep[]): FlashSaleResult['perSecond'] {
  const sorted = ends.toSorted((one, other) => one - other);
  const [begin = 0, end = 0] = [sorted[0], sorted.at(-1)];
  const [first = end, last = end] = [steps[0]?.at, steps.at(-1)?.at];
  const rate = (from: number, to: number) => {
    const count = sorted.filter((one) => one > from && one <= to).length;
    return to - from < 1_000 ? null : Math.round((count * 100_000) / (to - from)) / 100;
  };
  return { before: rate(begin, first), during: rate(first, last), after: rate(last, end) };
}

/** The drill in words. */
export function flashSaleSummary({ flashSale, books, steps }: FlashSaleDrill): string[] {
  const { orders, stuck, namedHop, alarmAfterMs, perSecond, lost, oversold } = flashSale;
  const { before, during, after } = perSecond;
  const times = before && after ? `, ${(after / before).toFixed(1)} times the stuck rate` : '';
  const alarm = alarmAfterMs === null ? 'no alarm' : `the alarm came after ${(alarmAfterMs / 1_000).toFixed(1)} s`;
  return [
    `Flash sale: ${orders} orders, ${stuck} stuck at the hop '${namedHop}', ${alarm}; couriers at once: ${[2, ...steps.map(({ concurrency }) => concurrency)].join(', ')}`,
    `  couriers booked a second: ${before ?? '–'} before, ${during ?? '–'} during, ${after ?? '–'} after${times}`,
    `  ${books.sold} of ${PIECES} lamps sold, ${books.refused} orders too late, ${books.booked} couriers booked; oversold: ${oversold}, lost: ${lost.length}`,
  ];
}

/** What is wrong with how a drill ended. How fast it went is no part of it: the machine may be busy. */
export function flashSaleProblems({ flashSale, books, steps }: FlashSaleDrill): string[] {
  const { oversold, lost, namedHop, alarmAfterMs } = flashSale;
  return [
    ...(oversold > 0 ? [`the flash sale sold ${oversold} lamps that were not there`] : []),
    ...(books.sold + books.left === PIECES ? [] : [`${books.sold} lamps are sold and ${books.left} left of ${PIECES}`]),
    ...(books.bookedTwice > 0 ? [`${books.bookedTwice} couriers were booked twice`] : []),
    ...(lost.length > 0 ? [`${lost.length} orders of the flash sale were lost`] : []),
    ...(alarmAfterMs === null ? ['the radar sounded no alarm'] : []),
    ...(namedHop === 'consumer' ? [] : [`the trace named the hop '${namedHop}', and the consumer was throttled`]),
    ...(steps.length > 0 ? [] : ['the scaler took no step']),
  ];
}

import { unmarshall } from '@aws-sdk/util-dynamodb';
import { BREAKER_DEFAULTS, type BreakerSettings } from '../../contract/breaker.ts';
import { MINUTE_MS, SECOND_MS } from '../../contract/time.ts';
import { type CircuitRow, SPAN_MS } from '../../ledger/rows/circuit.ts';
import type { FailureRow } from '../../ledger/rows/failure.ts';
import { decoded, textsIn } from '../run/envelopes.ts';
import type { InvocationEntry, QueueEntry, RecordEntry, RowEntry, RunRecord, ServedEntry } from '../run/run-record.ts';
import { type System, streamOf } from '../system.ts';
import type { Violation } from './violation.ts';

/** For how long a circuit is opened at most. */
const LONGEST_MS = 15 * MINUTE_MS;
/** The controller looks each minute that event sources are off. */
const OFF_WITHIN_MS = 75 * SECOND_MS;
/** What is in hand when a subscriber is paused has ended after so long. */
const IN_HAND_MS = 30 * SECOND_MS;
/** A wait that is longer leaves a row. */
const TOLD_MS = 31 * SECOND_MS;

/** An event source in the end. */
export interface EventSourceState {
  /** Of its mapping. */
  readonly id: string;
  readonly isOn: boolean;
  readonly concurrency: number;
  /** The concurrency that it was made with. */
  readonly wanted: number;
}

/** What a check of circuits is told beside the record. */
export interface CircuitsChecked {
  /** Whether nothing has failed but services, and operators have done what they may. */
  readonly clean: boolean;
  /** Event sources as they are in the end. */
  readonly sources: readonly EventSourceState[];
}

/**
 * B: a circuit opens where different messages fail, and only once somebody is told; while it is half-open no more handlers run
 * than there are probes, and it closes when as many went well, or fewer messages are left than it takes to open it; what waits is no attempt, and has a row; and in the end it is
 * closed, and its event sources are as they were.
 */
export function checkCircuits(system: System, { entries }: RunRecord, checked: CircuitsChecked): Violation[] {
  const wrong = Object.entries(system.breakers ?? {}).flatMap(([subscriber, given]) => {
    const settings = { ...BREAKER_DEFAULTS, ...given };
    const check = new CircuitCheck(subscriber, settings, streamOf(system, subscriber) !== undefined, checked.clean);
    for (const entry of entries) check.add(entry);
    return check.end(checked.sources);
  });
  return wrong.map((what): Violation => ({ invariant: 'B', what }));
}

/** The probes of one half-open period. */
interface Probing {
  asked: number;
  well: number;
}

class CircuitCheck {
  readonly #wrong: string[] = [];
  readonly #subscriber: string;
  readonly #settings: BreakerSettings;
  readonly #isStream: boolean;
  readonly #clean: boolean;
  readonly #told = new Set<string>();
  readonly #probes = new Set<number>();
  /** The keys for which an invocation has asked a service. */
  readonly #ran = new Set<string>();
  /** Messages that failed: the keys of their requests, and when. */
  #failed: Pick<ServedEntry, 'key' | 'at'>[] = [];
  /** By message id. */
  readonly #keys = new Map<string, string>();
  #rows = new Map<string, FailureRow>();
  #row: CircuitRow | undefined;
  #probing: Probing = { asked: 0, well: 0 };
  /** Messages in its queue, and the fewest since probing began. */
  readonly #queued = new Set<string>();
  #fewest = 0;
  #pausedAt = Number.POSITIVE_INFINITY;
  /** Since when an event source is on though the circuit is not closed. */
  #onSince = new Map<string, number>();

  constructor(subscriber: string, settings: BreakerSettings, isStream: boolean, clean: boolean) {
    this.#subscriber = subscriber;
    this.#settings = settings;
    this.#isStream = isStream;
    this.#clean = clean;
  }

  add(entry: RecordEntry): void {
    if (entry.kind === 'invocation' && entry.actor === this.#subscriber) this.#onInvocation(entry);
    else if (entry.kind === 'served' && entry.actor === this.#subscriber) this.#onServed(entry);
    else if (entry.kind === 'row' && entry.row?.of === this.#subscriber) this.#onRow(entry);
    else if (entry.kind === 'queue') this.#onQueue(entry);
    else if (entry.kind === 'switched' && entry.source.startsWith(`${this.#subscriber}-source-`)) {
      if (entry.isOn && this.#isOpen) this.#onSince.set(entry.source, entry.at);
      else this.#stop(entry.source, entry.at);
    }
  }

  end(sources: readonly EventSourceState[]): string[] {
    const { state = 'closed', ramp, wanted } = this.#row ?? {};
    if (state !== 'closed' || ramp !== undefined || wanted)
      this.#say(`is ${state} in the end, and takes on ${ramp ?? 'all'}`);
    for (const { id, isOn, concurrency, wanted: given } of sources) {
      if (!id.startsWith(`${this.#subscriber}-source-`)) continue;
      if (!isOn || concurrency !== given) this.#say(`leaves ${id} ${isOn ? `at ${concurrency}` : 'off'} in the end`);
    }
    return this.#wrong;
  }

  get #isOpen(): boolean {
    return (this.#row?.state ?? 'closed') !== 'closed';
  }

  #say(what: string): void {
    this.#wrong.push(`the circuit of ${this.#subscriber} ${what}`);
  }

  #onInvocation({ invocation, event }: InvocationEntry): void {
    for (const text of textsIn(event)) {
      const envelope = decoded(text);
      if (envelope) this.#keys.set(envelope.id, envelope.partitionkey);
    }
    if ((event as { readonly waybillProbe?: unknown }).waybillProbe) this.#probes.add(invocation);
  }

  #onServed(entry: ServedEntry): void {
    const { invocation, key, failed, at } = entry;
    this.#ran.add(`${invocation} ${key}`);
    if (failed) this.#failed.push(entry);
    if (this.#clean && at > this.#pausedAt + IN_HAND_MS)
      this.#say(`lets a handler run though an operator has paused it`);
    if (!this.#probes.has(invocation)) return;
    this.#probing.asked += 1;
    if (!failed) this.#probing.well += 1;
    const { probes = this.#settings.probes } = this.#row ?? {};
    if (this.#probing.asked === probes + 1) this.#say(`lets more than ${probes} handlers run while it is half-open`);
  }

  #onRow(entry: RowEntry): void {
    const { row, change } = entry;
    if (row?.kind === 'failure') this.#onFailure(entry);
    if (row?.kind !== 'circuit' || !change.after) return;
    const before = this.#row;
    const after = unmarshall(change.after) as CircuitRow;
    this.#row = after;
    const [was, is] = [before?.state ?? 'closed', after.state ?? 'closed'];
    if (was === is) return;
    if (is === 'open') this.#onOpen(entry, before, after);
    if (is === 'halfOpen') [this.#probing, this.#fewest] = [{ asked: 0, well: 0 }, this.#queued.size];
    if (is === 'halfOpen' && after.by === 'operator') this.#say('is tried, though an operator has paused it');
    if (is === 'closed') this.#onClose(was, before, entry.at);
    this.#pausedAt = is === 'open' && after.by === 'operator' ? entry.at : Number.POSITIVE_INFINITY;
  }

  #onOpen({ origin, at }: RowEntry, before: CircuitRow | undefined, after: CircuitRow): void {
    if (after.by === 'operator') return;
    const { wait = 0 } = after;
    if (before?.state === 'halfOpen') {
      const longer = Math.min(LONGEST_MS, (before.wait ?? 0) * 2);
      if (wait !== longer) this.#say(`opens for ${wait} ms after a failed probe, and not for ${longer}`);
      return;
    }
    if (!this.#told.has(`${origin?.actor} ${origin?.invocation}`))
      this.#say('opens, and nobody is told to look after it');
    if (!this.#clean) return;
    const from = at - this.#settings.within - 2 * SPAN_MS;
    const keys = new Set(this.#failed.filter((one) => one.at >= from).map(({ key }) => key));
    const { failures, probes } = this.#settings;
    const enough = before?.ramp === undefined ? failures : Math.min(failures, probes);
    if (keys.size < enough) this.#say(`opens for ${keys.size} messages that fail, and it takes ${enough}`);
  }

  #onClose(was: CircuitRow['state'], before: CircuitRow | undefined, at: number): void {
    for (const source of this.#onSince.keys()) this.#stop(source, at);
    const { probes = this.#settings.probes } = before ?? {};
    const { well } = this.#probing;
    if (was !== 'halfOpen' || this.#isStream || before?.by === 'operator' || well >= probes) return;
    if (this.#fewest >= this.#settings.failures)
      this.#say(
        `closes after ${well} probes that went well, and it takes ${probes}, with ${this.#fewest} messages left`,
      );
  }

  /** An event source that was on while the circuit was not closed is not any more. */
  #stop(source: string, at: number): void {
    const since = this.#onSince.get(source);
    this.#onSince.delete(source);
    if (this.#clean && since !== undefined && at - since > OFF_WITHIN_MS) {
      this.#say(`leaves ${source} on for ${at - since} ms that a deploy has switched on`);
    }
  }

  #onFailure({ row, change, origin, at }: RowEntry): void {
    const id = row?.sk ?? '';
    const before = this.#rows.get(id)?.attempts ?? 0;
    const after = change.after && (unmarshall(change.after) as FailureRow);
    if (!after) {
      this.#rows.delete(id);
      return;
    }
    this.#rows.set(id, after);
    const { invocation = 0, actor } = origin ?? {};
    if ((after.attempts ?? 0) <= before || actor !== this.#subscriber) return;
    const key = this.#keys.get(id) ?? id;
    this.#failed.push({ key, at });
    const ran = [...this.#ran];
    const isRun = ran.some((one) => one.startsWith(`${invocation} `));
    // A reply that came late has an invocation that was frozen count, in the next, what its handler failed with.
    const ranBefore = ran.some((one) => one.endsWith(` ${key}`) && !one.startsWith(`${invocation} `));
    if (!this.#clean && ranBefore) return;
    if (this.#probes.has(invocation)) this.#say(`has a probe counted as an attempt at ${id}`);
    if (!isRun) this.#say(`has an attempt counted at ${id}, whose handler did not run`);
  }

  #onQueue({ event, origin, at }: QueueEntry): void {
    const { kind, queue, message } = event;
    if (queue === this.#subscriber) {
      if (kind === 'sent') this.#queued.add(message.id);
      else if (kind === 'deleted' || kind === 'moved' || kind === 'expired') this.#queued.delete(message.id);
      this.#fewest = Math.min(this.#fewest, this.#queued.size);
    }
    if (kind === 'sent' && queue === 'controller' && message.body.includes(`"${this.#subscriber}"`)) {
      this.#told.add(`${origin?.actor} ${origin?.invocation}`);
    }
    const waits = kind === 'postponed' && queue === this.#subscriber && message.visibleAt - at > TOLD_MS;
    const id = waits && this.#clean ? decoded(message.body)?.id : undefined;
    if (id === undefined) return;
    const { next = 0 } = this.#rows.get(id) ?? {};
    if (next < message.visibleAt - TOLD_MS)
      this.#say(`has ${id} wait for ${message.visibleAt - at} ms, and no row says so`);
  }
}

import { bindingsOf } from '../aws/bindings.ts';
import { quietly } from '../aws/environment.ts';
import type { Counts } from '../aws/invocation.ts';
import { isAtRest } from '../circuit/at-rest.ts';
import { sendControl } from '../circuit/control-message.ts';
import { METRICS } from '../contract/metrics.ts';
import { LEAST_OF_QUEUE, SCALE_DEFAULTS, type ScaleSettings, STREAM_COOLDOWN_MS } from '../contract/scale.ts';
import { MINUTE_MS } from '../contract/time.ts';
import { readCircuit } from '../ledger/circuit.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Route } from '../ledger/rows/route.ts';
import type { Scaled, ScaleRow } from '../ledger/rows/scale.ts';
import { readScale, writeScale } from '../ledger/scale.ts';
import { decide, isExhausted, type Reading } from './decide.ts';
import { decideShards, type Sharded } from './shards.ts';

/** The controller is asked again where it has not answered for so long. */
const ASK_AGAIN_MS = MINUTE_MS;
/** A stream takes minutes to be given shards, and Kinesis may take no more changes for hours. */
const SHARDS_AGAIN_MS = 15 * MINUTE_MS;
/** So often it looks whether a deployment has set back an event source that takes on more than its least. */
const LOOK_AGAIN_MS = 10 * MINUTE_MS;

/** A queue is never held to fewer invocations than SQS takes. */
export function settingsOf({ destination }: Route, given: Partial<ScaleSettings>): ScaleSettings {
  const isQueue = destination.kind === 'queue';
  const settings = { ...SCALE_DEFAULTS, ...(!isQueue && { cooldown: STREAM_COOLDOWN_MS }), ...given };
  const min = isQueue ? Math.max(LEAST_OF_QUEUE, settings.min) : settings.min;
  return { ...settings, min, max: Math.max(min, settings.max) };
}

export interface ScalingOptions {
  readonly ledger: Ledger;
  readonly route: Route;
  readonly settings: ScaleSettings;
  /** Milliseconds from one reading to the next. */
  readonly every: number;
  /** Invocations at once that a forecast asks for. */
  readonly floor: number | undefined;
  readonly counts: Counts;
}

/** The scaling of one subscriber. */
export class Scaling {
  readonly #options: ScalingOptions;

  constructor(options: ScalingOptions) {
    this.#options = options;
  }

  /**
   * Takes a reading into account, and asks the controller for what follows from it.
   *
   * @param delaySeconds after how long the controller is to get to it: asked for only where it is asked
   */
  async see(reading: Reading, delaySeconds: () => number): Promise<void> {
    const { ledger, settings, every, floor, counts } = this.#options;
    const { subscriber } = this.#options.route;
    const before = await readScale(ledger, subscriber);
    const after = decide(before, reading, settings, { every, ...(floor !== undefined && { floor }) });
    const { min, max } = settings;
    const isSaid = before?.min === min && before.max === max;
    const exhausted = isExhausted(before, after, settings);
    const sharded = decideShards(before, reading, settings, exhausted);
    const isResharding = before?.shards !== before?.shardsApplied;
    if (
      isSaid &&
      !sharded &&
      !isResharding &&
      (after === before || (isQuiet(before, after) && isSettled(before, reading, settings)))
    )
      return;
    // What waits behind an open circuit says nothing of how much can be taken on, and its event source is off.
    if (!isAtRest(await readCircuit(ledger, subscriber))) return;
    if (exhausted && !sharded) this.#tellExhausted(reading);
    const changed = sharded !== undefined || after.concurrency !== (before?.concurrency ?? settings.min);
    // A deployment may have set the event source back: where all that is wanted does not do, it is looked at.
    const isOpen = changed || exhausted || !isSettled(before, reading, settings);
    const again = isOpen ? ASK_AGAIN_MS : SHARDS_AGAIN_MS;
    const asks = (isOpen || isResharding) && (changed || reading.at - (before?.askedAt ?? 0) >= again);
    // What was never scaled is as it was deployed: at its least.
    const { applied, askedAt } = before ?? { applied: min };
    const { concurrency, verdict, at, changedAt } = after;
    const written = await writeScale(ledger, subscriber, before, {
      ...{ concurrency, verdict, at, min, max, ...shardsIn(before), ...sharded },
      ...(changedAt !== undefined && { changedAt }),
      ...(!isOpen && applied !== undefined && { applied }),
      ...(asks ? { askedAt: reading.at } : askedAt !== undefined && { askedAt }),
    });
    if (!written || !asks) return;
    await sendControl(ledger.environment, this.#controlQueueUrl, { scale: subscriber }, delaySeconds());
    counts.add(changed ? 'changed' : 'asked');
    if (changed) this.#tellChanged(before, { ...after, ...sharded }, reading);
  }

  #tellChanged(
    before: ScaleRow | undefined,
    { concurrency, shards }: Scaled & Partial<Sharded>,
    { waiting, inFlight }: Reading,
  ): void {
    const { ledger, route, settings } = this.#options;
    const from = before?.concurrency ?? settings.min;
    const fields = { subscriber: route.subscriber, from, to: concurrency, shards, waiting, inFlight };
    quietly(() => ledger.environment.log.info('scaled', fields));
  }

  #tellExhausted({ waiting, inFlight }: Reading): void {
    const { ledger, route, settings } = this.#options;
    const fields = { subscriber: route.subscriber, hop: 'consumer', waiting, inFlight, max: settings.max };
    quietly(() => ledger.environment.log.error('backlog though all is taken on', fields));
    quietly(() => ledger.environment.metrics.count(METRICS.scaleExhausted, 1));
  }

  get #controlQueueUrl(): string {
    return bindingsOf(this.#options.ledger.environment).get('controlQueueUrl');
  }
}

/** A quiet reading after a quiet one is not written down: an idle subscriber costs no write. */
function isQuiet(before: Scaled | undefined, { verdict, changedAt }: Scaled): boolean {
  return (before?.verdict ?? 'hold') === 'hold' && verdict === 'hold' && before?.changedAt === changedAt;
}

/** What a row says of shards. */
function shardsIn({ shards, shardsApplied, resharded }: Partial<ScaleRow> = {}) {
  return {
    ...(shards !== undefined && { shards }),
    ...(shardsApplied !== undefined && { shardsApplied }),
    ...(resharded && { resharded }),
  };
}

/** Whether the event source is known to be as it is wanted. */
function isSettled(row: ScaleRow | undefined, { at }: Reading, { min }: ScaleSettings): boolean {
  if (row === undefined) return true;
  const isKnown = row.concurrency === min || at - (row.askedAt ?? 0) < LOOK_AGAIN_MS;
  return isKnown && row.applied === row.concurrency;
}

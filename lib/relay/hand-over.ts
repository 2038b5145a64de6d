import { bindingsOf } from '../aws/bindings.ts';
import { type Environment, quietly } from '../aws/environment.ts';
import { type FailedEntry, type Pauses, patiently, sendMessages } from '../aws/send-batch.ts';
import { SendFailed } from '../contract/errors.ts';
import type { Destination, Route } from '../ledger/rows/route.ts';
import { type Envelope, encodeEnvelope } from '../message/envelope.ts';
import { traceHeader } from '../message/trace-context.ts';
import type { DueNotice } from './schedule.ts';

/** The one destination of a copy that lies in the forward queue. A copy without a label goes to everybody. */
export interface Label {
  readonly kind: Destination['kind'];
  /** The subscriber of a queue, or the stream. */
  readonly to: string;
}

/** The message attributes that name the destination. */
const ATTRIBUTES = { queue: 'waybill-subscriber', stream: 'waybill-stream' } as const;

/** Message attributes, as a label needs them. */
type Attributes = Readonly<Record<string, { readonly stringValue?: string | undefined }>>;

/** The message attribute of a label. */
export function labelled({ kind, to }: Label): Readonly<Record<string, string>> {
  return { [ATTRIBUTES[kind]]: to };
}

/** The label that message attributes hold, if they do. */
export function labelIn(attributes: Attributes = {}): Label | undefined {
  for (const kind of ['queue', 'stream'] as const) {
    const to = attributes[ATTRIBUTES[kind]]?.stringValue;
    if (to) return { kind, to };
  }
  return undefined;
}

/** Whether a route leads to the label's destination: a subscriber that has moved meanwhile is found where it is now. */
export function leadsTo({ kind, to }: Label, { subscriber, destination }: Route): boolean {
  return kind === 'queue' ? subscriber === to : destination.kind === 'stream' && destination.name === to;
}

/** Copies that a destination did not take. */
export interface Refusal {
  readonly label: Label;
  readonly envelopes: readonly Envelope[];
  readonly failed: readonly FailedEntry[];
}

/**
 * Puts copies that their destinations did not take into the forward queue, each with its label: there it is tried again
 * for that destination alone, and holds up nobody else.
 *
 * @returns how many copies
 * @throws SendFailed when the forward queue does not take them either
 */
export async function handOver(environment: Environment, refusals: readonly Refusal[]): Promise<number> {
  const entries = refusals.flatMap(({ label, envelopes }) =>
    envelopes.map((envelope) => ({
      body: encodeEnvelope(envelope),
      traceHeader: traceHeader(envelope.traceparent),
      attributes: labelled(label),
    })),
  );
  if (entries.length === 0) return 0;
  const failed = await sendMessages(environment, bindingsOf(environment).get('forwardQueueUrl'), entries);
  if (failed.length > 0) {
    const named = refusals.map((refusal) => `${refusal.envelopes.length} copies to ${described(refusal)}`).join('; ');
    const lost = `${failed.length} were not put into the forward queue either (${codesOf(failed)})`;
    throw new SendFailed(`Not sent: ${named}. Of them ${lost}. The batch comes again`);
  }
  for (const refusal of refusals) {
    const { label, envelopes } = refusal;
    const fields = { to: label.to, copies: envelopes.length, error: codesOf(refusal.failed) };
    quietly(() => environment.log.warn('handed over', fields));
  }
  return entries.length;
}

/**
 * Has messages read again whose rows cannot be read yet: the forward queue asks for each until its format is known, and
 * holds up nobody else meanwhile.
 *
 * @throws SendFailed when the forward queue does not take them
 */
export async function readLater(environment: Environment, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const entries = ids.map((id) => ({ body: JSON.stringify({ due: id } satisfies DueNotice) }));
  const failed = await sendMessages(environment, bindingsOf(environment).get('forwardQueueUrl'), entries);
  if (failed.length === 0) return;
  throw new SendFailed(`${failed.length} rows of a newer format could not be left for later (${codesOf(failed)})`);
}

function described({ label, failed }: Refusal): string {
  return `'${label.to}' (${codesOf(failed)})`;
}

function codesOf(failed: readonly FailedEntry[]): string {
  return [...new Set(failed.map(({ code }) => code))].join(', ');
}

/** Milliseconds for which a destination that refused is not waited for. */
const IMPATIENT_MS = 60_000;

const ONCE: Pauses = () => undefined;

/**
 * Which destinations have refused copies lately, as far as this process knows. To wait for one of them delays everybody
 * else's messages of the batch, so it is tried once and no more until it has taken all copies of a try, or a minute has
 * passed.
 */
class Refusals {
  readonly #until = new Map<string, number>();
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** How long to rest between tries of a destination. */
  pausesOf(destination: string): Pauses {
    const isRefusing = this.#environment.now() < (this.#until.get(destination) ?? 0);
    return isRefusing ? ONCE : patiently(this.#environment);
  }

  /** Remembers how a destination answered. */
  note(destination: string, refused: boolean): void {
    if (refused) this.#until.set(destination, this.#environment.now() + IMPATIENT_MS);
    else this.#until.delete(destination);
  }
}

const known = new WeakMap<Environment, Refusals>();

/** What an environment knows of destinations that refuse: in Lambda, what the process does. */
export function refusalsOf(environment: Environment): Refusals {
  const refusals = known.get(environment) ?? new Refusals(environment);
  known.set(environment, refusals);
  return refusals;
}

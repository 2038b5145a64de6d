import { type Duration, durationToMilliseconds } from './duration.ts';
import type { EffectDefinition } from './effect.ts';
import { InvalidDefinition } from './errors.ts';
import type { EventDefinition } from './event.ts';
import { type RetryOptions, type RetryPolicy, retryPolicy } from './retry.ts';
import type { SequenceDefinition } from './sequence.ts';
import type { AnyTable } from './table.ts';

/** A named consumer of some event types. The name is its identity: renaming it is removing one and adding another. */
export interface SubscriberDefinition<
  Name extends string = string,
  Consumes extends readonly EventDefinition[] = readonly EventDefinition[],
  Publishes extends readonly EventDefinition[] = readonly EventDefinition[],
  Tables extends readonly AnyTable[] = readonly AnyTable[],
  Effects extends readonly EffectDefinition[] = readonly EffectDefinition[],
> {
  readonly name: Name;
  readonly consumes: Consumes;
  readonly publishes: Publishes;
  readonly tables: Tables;
  /** The effects outside that its handler may have done. */
  readonly effects: Effects;
  /** Milliseconds from commit within which a message should have ended here. */
  readonly deadline: number;
  /** When a message that failed is tried again, and how often. Throttling and conflicts are no attempts. */
  readonly retry: RetryPolicy;
  /** Set where it handles the messages of a key in the order of their sequence. */
  readonly ordered?: OrderPolicy;
}

/** How a subscriber keeps the order of a sequence. */
export interface OrderPolicy {
  /**
   * What becomes of a key whose next message is dead. `block`: those behind it wait until it was sent again and handled, or an
   * operator skips it. `skip`: they go on without it, and it can be sent again only out of order.
   */
  readonly onDead: 'block' | 'skip';
}

/** Order is for subscribers all of whose events are numbered. */
type OrderOf<Consumes extends readonly EventDefinition[]> = Consumes[number] extends {
  readonly sequence: SequenceDefinition;
}
  ? OrderPolicy
  : never;

/** What `defineSubscriber` takes besides the name. */
export interface SubscriberOptions<
  Consumes extends readonly EventDefinition[],
  Publishes extends readonly EventDefinition[],
  Tables extends readonly AnyTable[],
  Effects extends readonly EffectDefinition[] = readonly EffectDefinition[],
> {
  /** The event types it handles: at least one. */
  readonly consumes: Consumes;
  /** The event types its handler may publish. @default none */
  readonly publishes?: Publishes;
  /** The business tables its handler may read and write. @default none */
  readonly tables?: Tables;
  /** The effects on services outside that its handler may have done, e.g. a charge. @default none */
  readonly effects?: Effects;
  /** How soon after commit a message should have ended here. @default '60s' */
  readonly deadline?: Duration;
  /**
   * How a message that failed is tried again: at once, then after 1, 3, 9, 27 … seconds up to `longest`.
   * @default 11 attempts, at most 15 minutes apart: 48 minutes in all
   */
  readonly retry?: RetryOptions;
  /**
   * Whether the messages of a key are handled in the order of their sequence, which all consumed events share.
   * @default in whatever order they come
   */
  readonly ordered?: OrderOf<Consumes>;
}

const SUBSCRIBER_NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/**
 * Declares a subscriber. Infrastructure and handler import the same value, so `tsc` rejects an undeclared table, an
 * undeclared publish and an unhandled event.
 *
 * @throws InvalidDefinition when the name cannot be an identity, two events or tables share a name, or `retry` is out of range
 * @example
 * const ReserveStock = defineSubscriber('reserve-stock', {
 *   consumes: [OrderPlaced],
 *   publishes: [StockReserved],
 *   tables: [Stock],
 * });
 */
export function defineSubscriber<
  const Name extends string,
  const Consumes extends readonly [EventDefinition, ...EventDefinition[]],
  const Publishes extends readonly EventDefinition[] = readonly [],
  const Tables extends readonly AnyTable[] = readonly [],
  const Effects extends readonly EffectDefinition[] = readonly [],
>(
  name: Name,
  options: SubscriberOptions<Consumes, Publishes, Tables, Effects>,
): SubscriberDefinition<Name, Consumes, Publishes, Tables, Effects> {
  const { consumes, publishes = [], tables = [], effects = [], deadline = '60s', retry } = options;
  const ordered: OrderPolicy | undefined = options.ordered;
  if (typeof name !== 'string' || !SUBSCRIBER_NAME.test(name) || name.length > 48) {
    throw new InvalidDefinition(
      `'${name}' is not a subscriber name: give at most 48 characters of lower-case words joined by '-'`,
    );
  }
  if (!Array.isArray(consumes) || consumes.length === 0) {
    throw new InvalidDefinition(`'${name}' consumes nothing: name at least one event`);
  }
  requireDefined(name, 'consumes', 'event', consumes);
  requireDefined(name, 'publishes', 'event', publishes);
  requireDefined(name, 'uses', 'table', tables);
  requireDefined(name, 'has', 'effect', effects);
  refuseTwice(
    name,
    'consumes',
    consumes.map((event) => event.type),
  );
  refuseTwice(
    name,
    'publishes',
    publishes.map((event) => event.type),
  );
  refuseTwice(
    name,
    'uses table',
    tables.map((table) => table.name),
  );
  refuseTwice(
    name,
    'has effect',
    effects.map((effect) => effect.name),
  );
  if (ordered !== undefined) refuseOrder(name, consumes, ordered);
  return {
    name,
    consumes,
    publishes: publishes as Publishes,
    tables: tables as Tables,
    effects: effects as Effects,
    deadline: durationToMilliseconds(deadline),
    retry: retryPolicy(name, retry),
    ...(ordered && { ordered: { onDead: ordered.onDead } }),
  };
}

function refuseOrder(name: string, consumes: readonly EventDefinition[], ordered: OrderPolicy): void {
  if (ordered.onDead !== 'block' && ordered.onDead !== 'skip') {
    throw new InvalidDefinition(
      `'${name}' is ordered with onDead '${ordered.onDead}': give 'block', or 'skip' to go on without what is dead`,
    );
  }
  const unnumbered = consumes.find(({ sequence }) => !sequence);
  if (unnumbered) {
    throw new InvalidDefinition(
      `'${name}' is ordered and consumes '${unnumbered.type}', which has no \`sequence\`: give it one, or handle it in another subscriber`,
    );
  }
  const [first, other] = new Set(consumes.map(({ sequence }) => sequence?.name));
  if (other !== undefined) {
    throw new InvalidDefinition(
      `'${name}' is ordered and consumes events of the sequences '${first}' and '${other}': an order is of one sequence`,
    );
  }
}

/** A definition from a module that is imported in a circle is undefined until that module has run. */
function requireDefined(
  subscriber: string,
  what: string,
  kind: 'event' | 'table' | 'effect',
  given: readonly unknown[],
): void {
  const place = given.findIndex((one) => typeof one !== 'object' || one === null);
  if (place === -1) return;
  throw new InvalidDefinition(
    `'${subscriber}' ${what} ${given[place]} as ${kind} ${place + 1} of ${given.length}: give what \`define${capitalized(kind)}\` returned. Where that is undefined, its module imports this one in a circle: declare both in one module, or move the ${kind} to one of its own`,
  );
}

function capitalized(word: string): string {
  return `${word[0]?.toUpperCase()}${word.slice(1)}`;
}

function refuseTwice(subscriber: string, what: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) throw new InvalidDefinition(`'${subscriber}' ${what} '${twice}' twice`);
}

import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type Duration, durationToMilliseconds } from './duration.ts';
import { InvalidDefinition } from './errors.ts';
import { DEFAULT_LIFETIME } from './limits.ts';
import { requireStandardSchema } from './schema.ts';
import type { SequenceDefinition, Sequenced } from './sequence.ts';
import { DAY_MS } from './time.ts';

/**
 * A named, versioned contract between producers and subscribers. `Input` is what a producer publishes and the wire
 * carries; `Output` is what the schema makes of it and handlers see.
 */
export interface EventDefinition<Type extends string = string, Input = unknown, Output = unknown> {
  /** The event type: lower-case words joined by `.` or `-`, e.g. `order.placed`. */
  readonly type: Type;
  /** A breaking change raises it; an additive one keeps it. */
  readonly version: number;
  readonly schema: StandardSchemaV1<Input, Output>;
  /** The business key of a payload, which orders and groups messages, e.g. an order id. At most 256 characters. */
  key(payload: Output): string;
  /** The row of the radar that the event belongs to, e.g. `orders`. */
  readonly businessLine: string;
  /** Milliseconds from commit after which nothing sends or handles the message any more. */
  readonly lifetime: number;
  /** How a payload of the version before becomes one of this version. */
  readonly upgrade?: EventUpgrade<Input>;
  /** The order in which its messages are numbered; absent where they have none. */
  readonly sequence?: SequenceDefinition;
}

/** The step from an older version of an event to the next one. */
export interface EventUpgrade<NewInput = unknown> {
  readonly from: EventDefinition;
  by(old: unknown): NewInput;
}

/** What `defineEvent` takes besides the type. */
export interface EventOptions<
  Input,
  Output,
  Old extends EventDefinition = EventDefinition,
  Sequence extends SequenceDefinition | undefined = SequenceDefinition | undefined,
> {
  /** Any synchronous Standard Schema over JSON: zod, valibot, arktype and others. */
  readonly schema: StandardSchemaV1<Input, Output>;
  /** The business key of a payload. */
  readonly key: (payload: NoInfer<Output>) => string;
  /** The business line: lower-case words joined by `-`. */
  readonly businessLine: string;
  /** @default 1 */
  readonly version?: number;
  /** Needed from version 2 on: consumers upgrade what older producers still send, so consumers deploy first. */
  readonly upgrades?: { readonly from: Old; readonly by: (old: EventOutput<Old>) => NoInfer<Input> };
  /**
   * How long after its commit a message may still be sent or handled.
   * @default '14d', as long as SQS can keep a dead letter
   */
  readonly lifetime?: Duration;
  /**
   * The order in which its messages are numbered when they commit, so that subscribers can keep it. Such a message lives for a
   * year at most, and cannot be delayed.
   * @default it has none
   */
  readonly sequence?: Sequence;
}

/** What a producer publishes. */
export type EventInput<Event> = Event extends EventDefinition<string, infer Input, unknown> ? Input : never;

/** What a handler receives. */
export type EventOutput<Event> = Event extends EventDefinition<string, unknown, infer Output> ? Output : never;

const EVENT_TYPE = /^[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*$/;
const BUSINESS_LINE = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/**
 * Declares an event type.
 *
 * @throws InvalidDefinition when the type, schema, version, business line, lifetime or upgrade cannot work
 * @example
 * const OrderPlaced = defineEvent('order.placed', {
 *   schema: z.object({ orderId: z.string(), quantity: z.int().positive() }),
 *   key: (order) => order.orderId,
 *   businessLine: 'orders',
 * });
 */
export function defineEvent<
  const Type extends string,
  Input,
  Output,
  Old extends EventDefinition<NoInfer<Type>> = EventDefinition<NoInfer<Type>>,
  const Sequence extends SequenceDefinition | undefined = undefined,
>(
  type: Type,
  options: EventOptions<Input, Output, Old, Sequence>,
): EventDefinition<Type, Input, Output> & Sequenced<Sequence> {
  const reserved = RESERVED.find((prefix) => String(type).startsWith(prefix));
  if (reserved !== undefined) {
    throw new InvalidDefinition(
      `'${type}' is not to be had: event types that begin with '${reserved}' are those of sagas and their steps. Call it otherwise, e.g. 'order.${type}'`,
    );
  }
  return frameworkEvent(type, options);
}

/** How the types of events begin that sagas and their steps define. */
const RESERVED = ['saga.', 'step.'] as const;

/** Defines an event of any type. */
export function frameworkEvent<
  const Type extends string,
  Input,
  Output,
  Old extends EventDefinition<NoInfer<Type>> = EventDefinition<NoInfer<Type>>,
  const Sequence extends SequenceDefinition | undefined = undefined,
>(
  type: Type,
  options: EventOptions<Input, Output, Old, Sequence>,
): EventDefinition<Type, Input, Output> & Sequenced<Sequence> {
  const { schema, key, businessLine, version = 1, upgrades, lifetime = DEFAULT_LIFETIME, sequence } = options;
  if (typeof type !== 'string' || !EVENT_TYPE.test(type) || type.length > 128) {
    throw new InvalidDefinition(
      `'${type}' is not an event type: give lower-case words joined by '.' or '-', e.g. 'order.placed'`,
    );
  }
  if (typeof businessLine !== 'string' || !BUSINESS_LINE.test(businessLine) || businessLine.length > 64) {
    throw new InvalidDefinition(
      `'${businessLine}' of '${type}' is not a business line: give lower-case words joined by '-', e.g. businessLine: 'orders'`,
    );
  }
  requireStandardSchema(schema, type);
  if (typeof key !== 'function') {
    throw new InvalidDefinition(
      `'${type}' has ${typeof key} for a key: give a function of the payload that returns its business key, e.g. key: (order) => order.orderId`,
    );
  }
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new InvalidDefinition(`'${type}' has version ${version}: give a whole number from 1`);
  }
  if (upgrades ? upgrades.from?.type !== type || upgrades.from.version !== version - 1 : version > 1) {
    throw new InvalidDefinition(
      `'${type}' version ${version} needs \`upgrades\` from version ${version - 1} of the same type`,
    );
  }
  const milliseconds = durationToMilliseconds(lifetime);
  if (sequence) refuseSequence(type, sequence, milliseconds);
  const event: EventDefinition<Type, Input, Output> = {
    type,
    version,
    schema,
    key,
    businessLine,
    lifetime: milliseconds,
    ...(upgrades && { upgrade: upgrades as EventUpgrade<Input> }),
    ...(sequence && { sequence }),
  };
  return event as EventDefinition<Type, Input, Output> & Sequenced<Sequence>;
}

/** The rows of an order are kept for a year longer than its messages. */
const LONGEST_ORDERED_MS = 365 * DAY_MS;

function refuseSequence(type: string, { name, scope }: SequenceDefinition, lifetime: number): void {
  if (typeof name !== 'string' || (scope !== 'key' && scope !== 'global')) {
    throw new InvalidDefinition(`'${type}' has a \`sequence\` that is none: give what \`defineSequence\` returned`);
  }
  if (lifetime > LONGEST_ORDERED_MS) {
    throw new InvalidDefinition(
      `'${type}' is in the sequence '${name}' and lives for more than 365d: shorten its lifetime`,
    );
  }
}

import { InvalidDefinition } from '../contract/errors.ts';
import type { Destination } from '../ledger/rows/route.ts';

/** The properties of the custom resource that registers a subscriber's routes. */
export interface RouteProperties {
  readonly subscriber: string;
  /** The event types that the subscriber consumes: at least one. */
  readonly events: readonly { readonly type: string; readonly businessLine: string }[];
  readonly destination: Destination;
  /** Milliseconds from commit within which a message should have ended at the subscriber. */
  readonly deadline: number;
  /** The subscriber that it succeeds. */
  readonly adopts?: string;
  /** Whether its handler has effects outside. */
  readonly effects?: true;
  /** Whether it keeps an order. */
  readonly ordered?: true;
  /** The newest format of outbox rows that its code reads. @default 1 */
  readonly reads?: number;
}

/**
 * Reads the properties as CloudFormation gives them: whatever the template says, each number arrives as a text.
 *
 * @throws InvalidDefinition naming the property that is missing or wrong
 */
export function readRouteProperties(properties: unknown): RouteProperties {
  const { subscriber, events, destination, deadline, adopts, effects, ordered, reads } = fieldsOf(properties);
  if (!Array.isArray(events) || events.length === 0) throw wrong('events');
  return {
    subscriber: readText(subscriber, 'subscriber'),
    events: events.map((event: unknown) => {
      const { type, businessLine } = fieldsOf(event);
      return { type: readText(type, 'events.type'), businessLine: readText(businessLine, 'events.businessLine') };
    }),
    destination: readDestination(fieldsOf(destination)),
    deadline: readMilliseconds(deadline),
    ...(adopts !== undefined && { adopts: readText(adopts, 'adopts') }),
    ...(String(effects) === 'true' && { effects: true }),
    ...(String(ordered) === 'true' && { ordered: true }),
    ...(reads !== undefined && { reads: readFormatNumber(reads) }),
  };
}

function readDestination({ kind, url, name, retryQueueUrl, ...rest }: Readonly<Record<string, unknown>>): Destination {
  const letterBox = rest.deadLetterQueueUrl !== undefined && {
    deadLetterQueueUrl: readText(rest.deadLetterQueueUrl, 'destination.deadLetterQueueUrl'),
  };
  if (kind === 'queue') return { kind, url: readText(url, 'destination.url'), ...letterBox };
  if (kind === 'stream') {
    return {
      kind,
      name: readText(name, 'destination.name'),
      retryQueueUrl: readText(retryQueueUrl, 'destination.retryQueueUrl'),
      ...letterBox,
    };
  }
  throw wrong('destination.kind');
}

function readMilliseconds(value: unknown): number {
  const milliseconds = typeof value === 'string' ? Number(value) : value;
  if (typeof milliseconds !== 'number' || !Number.isSafeInteger(milliseconds) || milliseconds <= 0)
    throw wrong('deadline');
  return milliseconds;
}

function readFormatNumber(value: unknown): number {
  const format = Number(value);
  if (!Number.isSafeInteger(format) || format < 1) throw wrong('reads');
  return format;
}

function readText(value: unknown, property: string): string {
  if (typeof value !== 'string' || value === '' || value.length > 1_024) throw wrong(property);
  return value;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function wrong(property: string): InvalidDefinition {
  return new InvalidDefinition(`The property '${property}' of the route resource is missing or wrong`);
}

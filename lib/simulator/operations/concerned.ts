import type { RouteProperties } from '../../relay/route-properties.ts';
import { recorderOf } from '../faults/site.ts';
import type { System } from '../system.ts';
import type { RouteResource } from './deployer.ts';
import { FormerEvent } from './former-code.ts';
import type { PlannedOperation } from './operation.ts';

/** The subscribers of which a plan has operations of a kind. */
export function subscribersOf(
  kind: 'subscriber-added' | 'event-type-added' | 'subscriber-renamed',
  operations: readonly PlannedOperation[],
): Set<string> {
  return new Set(operations.flatMap((one) => (one.kind === kind ? [one.subscriber] : [])));
}

/** Who succeeds a subscriber that is renamed. */
export function successorOf({ successors = {} }: System, subscriber: string): string {
  return successors[subscriber]?.subscriber.name ?? subscriber;
}

/** Whose messages a subscriber adopts. */
export function adoptionOf({ successors = {} }: System, name: string): { readonly adopts?: string } {
  const former = Object.keys(successors).find((one) => successors[one]?.subscriber.name === name);
  return former === undefined ? {} : { adopts: former };
}

/** What a deploy registers that adds an event type, and what was registered before. */
export function withFormerEvent(properties: RouteProperties): RouteResource {
  const { type, businessLine } = FormerEvent;
  const before = { ...properties, events: [{ type, businessLine }] };
  return { ...properties, events: [...before.events, ...properties.events], before } as RouteResource;
}

/** Whom it makes sick that a function may not do something: one destination, the function's own subscriber, or all. */
export function concernedBy(
  { subscribers, streams = {} }: System,
  name: string,
  on: string | undefined,
): readonly string[] {
  if (on !== undefined) return [on];
  const own = subscribers.find((one) => one.name === name || recorderOf(one.name) === name);
  return own ? [own.name] : [...subscribers.map((one) => one.name), ...Object.keys(streams)];
}

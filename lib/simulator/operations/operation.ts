import type { LostPermission } from '../faults/permission.ts';

/** Something that operators do to the system around the messages. Durations are milliseconds. */
export type Operation =
  /** The subscriber is not there at first, and is deployed now; where it is the first of an event type, messages wait for it. */
  | { readonly kind: 'subscriber-added'; readonly subscriber: string }
  /**
   * The subscriber comes to consume its event type only now, by a deploy that brings its code and its route: one before the
   * other, so many milliseconds apart.
   */
  | {
      readonly kind: 'event-type-added';
      readonly subscriber: string;
      readonly first: 'code' | 'route';
      readonly apart: number;
    }
  /** The subscriber is removed, whatever is on its way to it: its routes end, then its function and its queue are deleted. */
  | { readonly kind: 'subscriber-removed'; readonly subscriber: string }
  /** The same, and after a while it is deployed again, under its name, with a new queue. */
  | { readonly kind: 'subscriber-added-again'; readonly subscriber: string; readonly after: number }
  /** The subscriber gives way to its successor, which adopts what it has not ended: that one comes first, or it goes first. */
  | {
      readonly kind: 'subscriber-renamed';
      readonly subscriber: string;
      readonly first: 'new' | 'old';
      readonly apart: number;
    }
  /** The subscriber's event source is switched off for hours. */
  | { readonly kind: 'subscriber-paused'; readonly subscriber: string; readonly for: number }
  /** A queue or a stream takes nothing for hours: its key is disabled, a permission is gone. */
  | { readonly kind: 'destination-refused'; readonly to: string; readonly for: number }
  /** From now on each run of the reconciler is made twice, at once or nearly so. */
  | { readonly kind: 'two-reconcilers'; readonly apart: number }
  /** Copies of what is in the ledger come into the subscriber's queue from another ledger, under the same ids and under others. */
  | { readonly kind: 'foreign-messages'; readonly subscriber: string }
  /** Somebody puts copies of what is in the ledger into the subscriber's queue, with other payloads: signed as they were, or not. */
  | { readonly kind: 'forged-messages'; readonly subscriber: string; readonly signed: boolean }
  /**
   * For some time each invocation of a function is killed at its time limit: before its first request goes out, once that is
   * carried out, before the second … `step` such positions later each time, and from the beginning again once one got through.
   */
  | { readonly kind: 'killed'; readonly function: string; readonly for: number; readonly step: number }
  /** The role of a function loses an action of IAM for some time, on one queue or stream, or on all. */
  | (LostPermission & { readonly kind: 'permission-lost'; readonly for: number })
  /** A service outside fails for some time, whoever asks. */
  | { readonly kind: 'service-fails'; readonly service: string; readonly for: number }
  /** The subscriber is paused by a command, and resumed by one after a while. */
  | { readonly kind: 'paused-by-command'; readonly subscriber: string; readonly for: number }
  /** A deploy switches the subscriber's event sources on. */
  | { readonly kind: 'sources-switched-on'; readonly subscriber: string }
  /** What is dead at the subscriber is redriven. */
  | { readonly kind: 'redriven'; readonly subscriber: string }
  /** The same while nothing is handled: the subscriber is paused by a command, or its event source is switched off, a while later and for some time. */
  | {
      readonly kind: 'redriven-while-stopped';
      readonly subscriber: string;
      readonly by: 'command' | 'source';
      readonly after: number;
      readonly for: number;
    }
  /** What was committed lately and has not ended at the subscriber, or is dead there, is sent again. */
  | { readonly kind: 'sent-again'; readonly subscriber: string }
  /** Somebody stops an execution of a saga. */
  | { readonly kind: 'execution-stopped'; readonly saga: string }
  /** Producers are asked for a step many times within seconds, and as often again after a while: more than the shards take. */
  | { readonly kind: 'load-grows'; readonly step: number; readonly times: number; readonly again: number }
  /** One stack, of the application or of the ledger, is deployed with another shard count; the other is not. */
  | { readonly kind: 'shards-disagree'; readonly stack: 'application' | 'ledger'; readonly to: number };

/** The name of an operation. */
export type OperationKind = Operation['kind'];

/** An operation, and when it is begun: milliseconds after the beginning. */
export type PlannedOperation = Operation & { readonly at: number };

/** Whose subscriber an operation deploys or deletes. */
export function changesGraph({ kind }: Operation): boolean {
  return CHANGES.has(kind);
}

const CHANGES: ReadonlySet<OperationKind> = new Set([
  'subscriber-added',
  'subscriber-removed',
  'subscriber-added-again',
  'event-type-added',
  'subscriber-renamed',
]);

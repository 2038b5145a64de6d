import { causePartition } from './cause.ts';
import { circuitKey } from './circuit.ts';
import { CURSORS, SWEEP_CURSORS } from './cursor.ts';
import { FORMAT_KEY } from './format.ts';
import {
  CAUSE_PREFIX,
  CIRCUIT_PREFIX,
  DEAD_PREFIX,
  DUE_PREFIX,
  EFFECT_PREFIX,
  FAILURE_PREFIX,
  HALF_PREFIX,
  INBOX_PREFIX,
  LAST_PREFIX,
  ONCE_PREFIX,
  OPEN_PREFIX,
  OUTBOX_PREFIX,
  PARK_PREFIX,
  RADAR_PREFIX,
  RECEIPT_PREFIX,
  REDRIVE_PREFIX,
  ROUTE_PREFIX,
  SAGA_PREFIX,
  SAGAS,
  SCALE_PREFIX,
  TAIL_PREFIX,
  WAIT_PREFIX,
} from './layout.ts';
import { RUNNING_REDRIVES } from './redrive.ts';
import { EVENT_TYPES, routePartition } from './route.ts';
import { stuckPartition } from './saga.ts';
import { SHARDS_KEY } from './shards.ts';
import { UNROUTED_TYPES, unroutedPartition } from './unrouted.ts';

/**
 * Patterns of the ledger's partition keys, by kind of row: `*` stands for any characters, as where IAM compares
 * `dynamodb:LeadingKeys`. Roles are granted rows by these, and by nothing else.
 */
export const PARTITIONS = {
  outbox: [`${OUTBOX_PREFIX}*`],
  /** Of every subscriber. */
  inbox: [`${INBOX_PREFIX}*`],
  /** Of every subscriber. */
  dead: [`${DEAD_PREFIX}*`],
  causes: [`${CAUSE_PREFIX}*`],
  /** Effects outside, of every subscriber. */
  effects: [`${EFFECT_PREFIX}*`],
  /** Of every subscriber. */
  failures: [`${FAILURE_PREFIX}*`],
  /** Of every subscriber, and which of them run. */
  redrives: [`${REDRIVE_PREFIX}*`, RUNNING_REDRIVES],
  runningRedrives: [RUNNING_REDRIVES],
  receipts: [`${RECEIPT_PREFIX}*`],
  routes: [`${ROUTE_PREFIX}*`],
  eventTypes: [EVENT_TYPES],
  cases: [`${OPEN_PREFIX}*`],
  radar: [`${RADAR_PREFIX}*`],
  cursors: [CURSORS],
  due: [`${DUE_PREFIX}*`],
  sweepCursors: [SWEEP_CURSORS],
  unrouted: [UNROUTED_TYPES, unroutedPartition('*')],
  shards: [SHARDS_KEY.pk],
  formats: [FORMAT_KEY.pk],
  halves: [`${HALF_PREFIX}*`],
  /** How far each subscriber has come with each key, and what is parked there. */
  fences: [`${LAST_PREFIX}*`, `${PARK_PREFIX}*`],
  /** Of every subscriber. */
  circuits: [`${CIRCUIT_PREFIX}*`],
  /** Of every subscriber. */
  scales: [`${SCALE_PREFIX}*`],
  /** Executions of every saga: their ids say nothing of whose they are. */
  sagas: [`${SAGA_PREFIX}*`],
  /** How many executions of each saga run. */
  sagaCounts: [SAGAS],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** A subscriber, as far as it says which rows are its own. */
interface OwnerOfRows {
  readonly name: string;
  /** Its effects outside. */
  readonly effects: readonly unknown[];
}

/** Patterns of the partition keys of all rows that are a subscriber's own: its function may read and write these. */
export function subscriberPartitions({ name, effects }: OwnerOfRows): string[] {
  return [
    inboxPartitions(name),
    oncePartitions(name),
    failurePartitions(name),
    deadPartitions(name),
    causePartitions(name),
    effects.length > 0 ? effectPartitions(name) : [],
  ].flat();
}

/** Where the effects outside of a subscriber, or of a producer, are. */
export function effectPartitions(owner: string): string[] {
  return [ownedBy(EFFECT_PREFIX, owner)];
}

/** Where it is written what of a saga is stuck. */
export function stuckPartitions(saga: string): string[] {
  return [stuckPartition(saga)];
}

/** Where the events are that a saga waits for. */
export function waitPartitions(saga: string): string[] {
  return [ownedBy(WAIT_PREFIX, saga)];
}

/** Where a subscriber's circuit is. */
export function circuitPartitions(subscriber: string): string[] {
  return [circuitKey(subscriber).pk];
}

/** Where it is written how far a subscriber has come with each key. */
export function lastPartitions(subscriber: string): string[] {
  return [ownedBy(LAST_PREFIX, subscriber)];
}

/** Where a subscriber's messages are parked whose turn has not come. */
export function parkPartitions(subscriber: string): string[] {
  return [ownedBy(PARK_PREFIX, subscriber)];
}

/** Where it is written who expects some events. */
export function routePartitions(events: readonly { readonly type: string }[]): string[] {
  return events.map(({ type }) => routePartition(type));
}

/** Where the messages of events that are in sequences take their numbers. */
export function tailPartitions(events: readonly { readonly sequence?: { readonly name: string } }[]): string[] {
  return [...new Set(events.flatMap(({ sequence }) => (sequence ? [ownedBy(TAIL_PREFIX, sequence.name)] : [])))];
}

/** Where it is written how messages ended at a subscriber. */
export function inboxPartitions(subscriber: string): string[] {
  return [ownedBy(INBOX_PREFIX, subscriber)];
}

/** Where it is written which idempotency keys a subscriber or a producer has taken. */
export function oncePartitions(owner: string): string[] {
  return [ownedBy(ONCE_PREFIX, owner)];
}

/** Where it is written what is dead at a subscriber. */
export function deadPartitions(subscriber: string): string[] {
  return [ownedBy(DEAD_PREFIX, subscriber)];
}

/** Where it is written what messages of a subscriber died of. */
export function causePartitions(subscriber: string): string[] {
  return [causePartition(subscriber)];
}

function failurePartitions(subscriber: string): string[] {
  return [ownedBy(FAILURE_PREFIX, subscriber)];
}

/** No name is read as a pattern: a producer may be called as it likes. */
function ownedBy(prefix: string, owner: string): string {
  return `${prefix}${owner.replace(/[$*?]/g, (special) => `\${${special}}`)}#*`;
}

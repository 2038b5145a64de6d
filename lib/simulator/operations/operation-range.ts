import { keeperName } from '../../testing/stack/sagas.ts';
import { CONTROLLER, FORWARDER, RECONCILER, RELAY, recorderOf, SWEEP } from '../faults/site.ts';
import { type System, sendingModesOf, streamOf } from '../system.ts';
import type { Operation } from './operation.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
/** Longer than both commands of a step may wait. */
const PAUSE_MS = 20 * MINUTE_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** How many shards a stack has that disagrees. */
const OTHER_SHARDS = 8;

/** Often enough that four shards take no more of it. */
const LOAD = 24;

/** Every operation that a plan of a system may have. */
export function operationsOf(system: System): readonly Operation[] {
  return [...ownOperations(system), ...growthOperations(system)];
}

function ownOperations(system: System): readonly Operation[] {
  if (system.breakers) return breakerOperations(system);
  if (system.sagas) return sagaOperations(system);
  return system.scales ? scalerOperations(system.scales) : usualOperations(system);
}

function usualOperations(system: System): readonly Operation[] {
  const names = system.subscribers.map(({ name }) => name);
  const queues = names.filter((name) => streamOf(system, name) === undefined);
  const destinations = [...queues, ...Object.keys(system.streams ?? {})];
  return [
    ...names.flatMap((subscriber): Operation[] => [
      { kind: 'subscriber-added', subscriber },
      { kind: 'subscriber-removed', subscriber },
      { kind: 'subscriber-added-again', subscriber, after: 8 * SECOND_MS },
      { kind: 'subscriber-added-again', subscriber, after: 25 * MINUTE_MS },
    ]),
    ...Object.keys(system.successors ?? {}).flatMap(renames),
    ...system.subscribers.filter(({ consumes }) => consumes.length === 1).flatMap(({ name }) => additions(name)),
    ...names.map((subscriber): Operation => ({ kind: 'subscriber-paused', subscriber, for: 3 * HOUR_MS })),
    ...killings(system),
    ...permissions(system),
    ...destinations.map((to): Operation => ({ kind: 'destination-refused', to, for: 3 * HOUR_MS })),
    ...queues.map((subscriber): Operation => ({ kind: 'foreign-messages', subscriber })),
    ...(system.signing?.verifiedBy ?? []).flatMap((subscriber) =>
      [true, false].map((signed): Operation => ({ kind: 'forged-messages', subscriber, signed })),
    ),
    { kind: 'two-reconcilers', apart: 0 },
    { kind: 'two-reconcilers', apart: 400 },
    { kind: 'shards-disagree', stack: 'application', to: OTHER_SHARDS },
    { kind: 'shards-disagree', stack: 'ledger', to: OTHER_SHARDS },
  ];
}

/** A name that is changed: by one deploy, or by two, the second of which comes before what is left is given up, or afterwards. */
function renames(subscriber: string): Operation[] {
  return [
    { kind: 'subscriber-renamed', subscriber, first: 'new', apart: 8 * SECOND_MS },
    ...[8 * SECOND_MS, 25 * MINUTE_MS].map(
      (apart): Operation => ({ kind: 'subscriber-renamed', subscriber, first: 'old', apart }),
    ),
  ];
}

/** An event type that a subscriber comes to consume: its code comes before its route, or behind it, by minutes or by hours of a deploy that stands still. */
function additions(subscriber: string): Operation[] {
  return [
    { kind: 'event-type-added', subscriber, first: 'code', apart: MINUTE_MS },
    ...[SECOND_MS, 5 * MINUTE_MS, 3 * HOUR_MS].map(
      (apart): Operation => ({ kind: 'event-type-added', subscriber, first: 'route', apart }),
    ),
  ];
}

/** Longer than a subscriber's message is received as often as a function has calls, and less than it is received at most. */
const KILLED_MS = 20 * MINUTE_MS;
/** A role that was deployed with too little is mended within hours. */
const FORBIDDEN_MS = 2 * HOUR_MS;
/** Positions by which each run of the reconciler, which has some hundred, comes further than the one before. */
const RUN_STEP = 7;

/** Functions of the framework, subscribers and their recorders are killed at each of their calls in turn. */
function killings(system: System): Operation[] {
  const { subscribers } = system;
  const hasQueue = ({ name }: { readonly name: string }) => streamOf(system, name) === undefined;
  const functions = [
    ...(system.sagas ?? []).map(({ saga }) => keeperName(saga.name)),
    ...(system.breakers ? [CONTROLLER] : []),
    ...[RELAY, ...(sendingModesOf(system).has('wait') ? [SWEEP] : []), FORWARDER],
    ...subscribers.flatMap((one) => [one.name, ...(hasQueue(one) ? [recorderOf(one.name)] : [])]),
  ];
  return [
    { kind: 'killed', function: RECONCILER, for: 2 * HOUR_MS, step: RUN_STEP },
    ...functions.map((name): Operation => ({ kind: 'killed', function: name, for: KILLED_MS, step: 1 })),
  ];
}

/** Shorter than a relay tries a batch: what it gives up, reconciliation sends. */
const UNRELAYED_MS = 10 * MINUTE_MS;

/** Each function loses what it does for a subscriber, or for all. */
function permissions(system: System): Operation[] {
  const { subscribers, streams = {} } = system;
  const lost = (name: string, actions: readonly string[], time: number, on?: string) =>
    actions.map(
      (action): Operation => ({ kind: 'permission-lost', function: name, action, ...(on && { on }), for: time }),
    );
  const ofSubscriber = ({ name }: { readonly name: string }) => [
    ...lost(RECONCILER, ['sqs:GetQueueAttributes', 'sqs:SendMessage'], FORBIDDEN_MS, name),
    ...lost(name, ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'], FORBIDDEN_MS),
    ...lost(name, ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage'], FORBIDDEN_MS),
  ];
  const ofQueue = (name: string) => [
    ...[RELAY, FORWARDER].flatMap((from) => lost(from, ['sqs:SendMessage'], FORBIDDEN_MS, name)),
    ...lost(recorderOf(name), ['dynamodb:PutItem', 'sqs:SendMessage'], FORBIDDEN_MS),
    // A stream's batch is given up before that, with whatever its reader could not send.
    ...lost(name, ['sqs:SendMessage'], FORBIDDEN_MS),
  ];
  return [
    ...lost(RELAY, ['dynamodb:Query', 'dynamodb:PutItem', 'sqs:SendMessage'], UNRELAYED_MS),
    ...lost(RECONCILER, ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'], FORBIDDEN_MS),
    ...Object.keys(streams).flatMap((stream) => lost(RELAY, ['kinesis:PutRecords'], FORBIDDEN_MS, stream)),
    ...subscribers.flatMap(ofSubscriber),
    ...subscribers.flatMap(({ name }) => (streamOf(system, name) === undefined ? ofQueue(name) : [])),
  ];
}

/** Of a system with sagas: a step that stands still is told once more, and then the saga is undone. */
function sagaOperations(system: System): readonly Operation[] {
  const { sagas = [], subscribers } = system;
  return [
    ...sagas.map(({ saga }): Operation => ({ kind: 'execution-stopped', saga: saga.name })),
    ...subscribers.map(({ name: subscriber }): Operation => ({ kind: 'subscriber-paused', subscriber, for: PAUSE_MS })),
    { kind: 'two-reconcilers', apart: 400 },
    ...killings(system),
  ];
}

/** Of a system whose ledger grows. The load is there again while readers learn of the new count, or once ids are minted for it. */
function growthOperations({ workload, maxShards }: System): readonly Operation[] {
  if (maxShards === undefined) return [];
  return workload.flatMap((_, step) =>
    [7, 12].map((minutes): Operation => ({ kind: 'load-grows', step, times: LOAD, again: minutes * MINUTE_MS })),
  );
}

/** Of a system whose subscribers scale: messages wait for less than a reading, for some, and until all is taken on. */
function scalerOperations(scales: NonNullable<System['scales']>): readonly Operation[] {
  return Object.keys(scales).flatMap((subscriber) =>
    [20 * SECOND_MS, 3 * MINUTE_MS, 15 * MINUTE_MS].map(
      (time): Operation => ({ kind: 'subscriber-paused', subscriber, for: time }),
    ),
  );
}

/** Of a system whose subscribers have breakers. */
function breakerOperations(system: System): readonly Operation[] {
  const { breakers = {}, services = [], subscribers } = system;
  const broken = Object.keys(breakers);
  const lengths = [20 * SECOND_MS, 2 * MINUTE_MS];
  return [
    ...services.flatMap(({ name: service }) =>
      lengths.map((time): Operation => ({ kind: 'service-fails', service, for: time })),
    ),
    ...broken.map((subscriber): Operation => ({ kind: 'paused-by-command', subscriber, for: 5 * MINUTE_MS })),
    ...broken.map((subscriber): Operation => ({ kind: 'sources-switched-on', subscriber })),
    ...subscribers.map(({ name: subscriber }): Operation => ({ kind: 'redriven', subscriber })),
    // What fails by its handler is dead after minutes.
    ...broken.flatMap((subscriber): Operation[] =>
      (['command', 'source'] as const).map((by) => ({
        kind: 'redriven-while-stopped',
        ...{ subscriber, by, after: (by === 'command' ? 10 : 240) * SECOND_MS, for: 5 * MINUTE_MS },
      })),
    ),
    ...subscribers.map(({ name: subscriber }): Operation => ({ kind: 'sent-again', subscriber })),
    ...killings(system),
  ];
}

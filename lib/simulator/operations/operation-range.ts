import { type System, streamOf } from '../system.ts';
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
    ...names.map((subscriber): Operation => ({ kind: 'subscriber-paused', subscriber, for: 3 * HOUR_MS })),
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

/** Of a system with sagas: a step that stands still is told once more, and then the saga is undone. */
function sagaOperations({ sagas = [], subscribers }: System): readonly Operation[] {
  return [
    ...sagas.map(({ saga }): Operation => ({ kind: 'execution-stopped', saga: saga.name })),
    ...subscribers.map(({ name: subscriber }): Operation => ({ kind: 'subscriber-paused', subscriber, for: PAUSE_MS })),
    { kind: 'two-reconcilers', apart: 400 },
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
function breakerOperations({ breakers = {}, services = [], subscribers }: System): readonly Operation[] {
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
  ];
}

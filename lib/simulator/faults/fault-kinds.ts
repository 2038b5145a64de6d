import type { Fault } from './fault.ts';

/** How many shards a ledger has once it has more. */
const MORE_SHARDS = 4;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** What can go wrong with any request. */
export const REQUEST: readonly Fault[] = [
  { kind: 'crash-before' },
  { kind: 'crash-after' },
  { kind: 'apply-late', after: 5 * SECOND },
  { kind: 'apply-late', after: 11 * MINUTE },
  { kind: 'error-before' },
  { kind: 'error-after' },
  { kind: 'reply-lost' },
  { kind: 'request-lost' },
  { kind: 'reply-late', after: 9 * SECOND },
  { kind: 'reply-late', after: 70 * SECOND },
  { kind: 'request-late', after: 9 * SECOND },
  { kind: 'request-late', after: 70 * SECOND },
  { kind: 'throttle', times: 2 },
  { kind: 'throttle', times: 12 },
  { kind: 'denied' },
];

/** What can go wrong with a request of several entries, beside that. */
export const PARTIAL: readonly Fault[] = [
  { kind: 'partial', every: 1 },
  { kind: 'partial', every: 2 },
];

/** What can go wrong with an invocation. */
export const INVOCATION: readonly Fault[] = [
  { kind: 'crash-at-start', times: 1 },
  { kind: 'crash-at-start', times: 4 },
  { kind: 'answer-lost' },
  { kind: 'short-time', milliseconds: 0 },
  { kind: 'short-time', milliseconds: 100 },
  { kind: 'clock-skew', by: 5 * MINUTE },
  { kind: 'clock-skew', by: -5 * MINUTE },
  { kind: 'more-shards', to: MORE_SHARDS },
  { kind: 'sink-down' },
];

/** What can go wrong with the polling of a source. */
export const POLL: readonly Fault[] = [
  { kind: 'disabled', for: 5 * MINUTE },
  { kind: 'error-before' },
  { kind: 'reply-lost' },
  { kind: 'request-lost' },
  { kind: 'throttle', times: 3 },
];

/** What can go wrong with a schedule. */
export const SCHEDULE: readonly Fault[] = [
  { kind: 'schedule-twice', after: 0 },
  { kind: 'schedule-twice', after: 300 },
  { kind: 'schedule-late', by: 59 * SECOND },
  { kind: 'schedule-late', by: 3 * MINUTE },
  { kind: 'schedule-missed', times: 1 },
  { kind: 'schedule-missed', times: 5 },
];

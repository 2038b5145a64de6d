import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../contract/time.ts';
import type { Fault } from './fault.ts';

/** How many shards a ledger has once it has more. */
const MORE_SHARDS = 4;

/** What can go wrong with any request. */
export const REQUEST: readonly Fault[] = [
  { kind: 'crash-before' },
  { kind: 'crash-after' },
  { kind: 'apply-late', after: 5 * SECOND_MS },
  { kind: 'apply-late', after: 11 * MINUTE_MS },
  { kind: 'error-before' },
  { kind: 'error-after' },
  { kind: 'reply-lost' },
  { kind: 'request-lost' },
  { kind: 'reply-late', after: 9 * SECOND_MS },
  { kind: 'reply-late', after: 70 * SECOND_MS },
  { kind: 'request-late', after: 9 * SECOND_MS },
  { kind: 'request-late', after: 70 * SECOND_MS },
  { kind: 'throttle', times: 2 },
  { kind: 'throttle', times: 12 },
  { kind: 'denied' },
];

/** What can go wrong with a request to a service outside. */
export const SERVICE: readonly Fault[] = [
  ...REQUEST,
  { kind: 'in-use', after: 5 * SECOND_MS },
  { kind: 'in-use', after: 11 * MINUTE_MS },
];

/** What can go wrong with a request of a state machine, whose service does not die. */
export const STATES: readonly Fault[] = [
  { kind: 'error-before' },
  { kind: 'error-after' },
  { kind: 'reply-lost' },
  { kind: 'request-lost' },
  { kind: 'request-late', after: 9 * SECOND_MS },
  { kind: 'throttle', times: 2 },
  { kind: 'throttle', times: 12 },
];

/** What can go wrong with some of a request's entries. */
export const PARTIAL: readonly Fault[] = [
  { kind: 'partial', every: 1 },
  { kind: 'partial', every: 2 },
];

/** What can go wrong with a request of several entries. */
export const BATCH: readonly Fault[] = [...REQUEST, ...PARTIAL];

/** A destination that takes nothing for hours. */
export const REFUSING: Fault = { kind: 'refuses', for: 120 * MINUTE_MS };

/** What can go wrong with a transaction. */
export const TRANSACTION: readonly Fault[] = [...REQUEST, { kind: 'conflict' }];

/** Longer than several deliveries: it must not count against the message. */
export const LONG_THROTTLE: Fault = { kind: 'throttle', times: 100 };

/** What can be wrong with what reconciliation reads. */
export const STALE: readonly Fault[] = [
  { kind: 'stale', times: 1 },
  { kind: 'stale', times: 300 },
];

/** What can go wrong with an invocation. */
export const INVOCATION: readonly Fault[] = [
  { kind: 'crash-at-start', times: 1 },
  { kind: 'crash-at-start', times: 4 },
  { kind: 'answer-lost' },
  { kind: 'short-time', milliseconds: 0 },
  { kind: 'short-time', milliseconds: 100 },
  { kind: 'clock-skew', by: 5 * MINUTE_MS },
  { kind: 'clock-skew', by: -5 * MINUTE_MS },
  { kind: 'more-shards', to: MORE_SHARDS },
  { kind: 'more-shards', to: MORE_SHARDS, for: 5 * MINUTE_MS },
  { kind: 'sink-down' },
];

/** What can go wrong with the answer of a subscriber's function. */
export const ANSWER: readonly Fault[] = [
  { kind: 'wrong-identifier', to: '' },
  { kind: 'wrong-identifier', to: 'nobody' },
];

/** More often than SQS delivers a message: it is given up, and the recorder has to end it. */
export const GIVEN_UP: Fault = { kind: 'crash-at-start', times: 101 };

/** Deploys that are rolled back for a while. */
export const OLD_VERSION: readonly Fault[] = [
  { kind: 'old-version', for: 2 * MINUTE_MS },
  { kind: 'old-version', for: 12 * MINUTE_MS },
];

/** What producers are asked for by many at once. */
export const ASKED: readonly Fault[] = [{ kind: 'burst', times: 10 }];

/** What can go wrong with the requests of an event source. */
export const POLL: readonly Fault[] = [
  { kind: 'error-before' },
  { kind: 'reply-lost' },
  { kind: 'request-lost' },
  { kind: 'throttle', times: 3 },
];

/** What can go wrong with an event source. */
export const SOURCE: readonly Fault[] = [{ kind: 'disabled', for: 5 * MINUTE_MS }];

/** What can go wrong with the event source of a stream, beside that. */
export const STREAM_SOURCE: readonly Fault[] = [
  { kind: 'from-latest' },
  { kind: 'retention', for: DAY_MS + 60 * MINUTE_MS },
];

export const QUEUE_RETENTION: Fault = { kind: 'retention', for: 5 * DAY_MS };

/** What can go wrong with a schedule. */
export const SCHEDULE: readonly Fault[] = [
  { kind: 'schedule-twice', after: 0 },
  { kind: 'schedule-twice', after: 300 },
  { kind: 'schedule-late', by: 59 * SECOND_MS },
  { kind: 'schedule-late', by: 3 * MINUTE_MS },
  { kind: 'schedule-missed', times: 1 },
  { kind: 'schedule-missed', times: 5 },
];

/** What can go wrong with a message that has come to lie in a queue. */
export const DELAYED: readonly Fault[] = [
  { kind: 'delay', by: 2 * SECOND_MS },
  { kind: 'delay', by: 3 * MINUTE_MS },
];

/** How a queue loses messages. */
export const LOST: readonly Fault[] = [{ kind: 'lost' }, { kind: 'lost', for: 30 * SECOND_MS }, { kind: 'purged' }];

/** What can come of a message that a subscriber's event source has deleted. */
export const DELETED: readonly Fault[] = [
  { kind: 'duplicate-late', after: MINUTE_MS },
  { kind: 'duplicate-late', after: 13 * DAY_MS },
  { kind: 'ttl-late', after: 13 * DAY_MS },
  { kind: 'ttl-early', after: 13 * DAY_MS, by: 2 * DAY_MS },
];

/** What can come of a command of a saga: what is kept of its end goes three days after it has expired. */
export const DELETED_COMMAND: readonly Fault[] = [
  { kind: 'duplicate-late', after: MINUTE_MS },
  { kind: 'duplicate-late', after: 2 * DAY_MS },
];

/** What can come of one that was deleted from a queue of work that is no subscriber's. */
export const DELETED_WORK: readonly Fault[] = [
  { kind: 'duplicate-late', after: MINUTE_MS },
  { kind: 'duplicate-late', after: 3 * DAY_MS },
];

/** What operators do with a dead letter. */
export const REDRIVE: readonly Fault[] = [
  { kind: 'redrive', after: SECOND_MS },
  { kind: 'redrive', after: 10 * MINUTE_MS },
  { kind: 'redrive-race' },
];

/** What can go wrong with a record that has come to lie in a stream. */
export const ARRIVED: readonly Fault[] = [
  { kind: 'duplicate' },
  { kind: 'poison' },
  { kind: 'reshard', how: 'split' },
  { kind: 'reshard', how: 'merge' },
];

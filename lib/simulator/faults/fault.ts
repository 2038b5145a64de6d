import type { Site } from './site.ts';

/** Something that goes wrong. Durations are milliseconds. */
export type Fault =
  /** The process dies before its request goes out. */
  | { readonly kind: 'crash-before' }
  /** The process dies when its request has been carried out, before it knows. */
  | { readonly kind: 'crash-after' }
  /** The process dies, and the request that it had sent is carried out later. */
  | { readonly kind: 'apply-late'; readonly after: number }
  /** The service answers with an error of its own, and has done nothing. */
  | { readonly kind: 'error-before' }
  /** The service answers with an error of its own, though it has done what was asked. */
  | { readonly kind: 'error-after' }
  /** The request is carried out, and its answer is lost. */
  | { readonly kind: 'reply-lost' }
  /** The request never arrives. */
  | { readonly kind: 'request-lost' }
  /** The request is carried out, and its answer comes late. */
  | { readonly kind: 'reply-late'; readonly after: number }
  /** A service outside is busy with this very request, and refuses its repetition, which is all that the sender hears; it is done with it later. */
  | { readonly kind: 'in-use'; readonly after: number }
  /** The request arrives late. */
  | { readonly kind: 'request-late'; readonly after: number }
  /** This and the following requests of the site are throttled. */
  | { readonly kind: 'throttle'; readonly times: number }
  /** The key of the queue, the stream or the table is not to be had. */
  | { readonly kind: 'denied' }
  /** The request's destination takes nothing for some time: its queue is deleted, its key disabled, its shard hot. */
  | { readonly kind: 'refuses'; readonly for: number }
  /** The transaction meets another one. */
  | { readonly kind: 'conflict' }
  /** Some entries of a batch fail, with HTTP 200: those whose place divided by `every` leaves no rest. */
  | { readonly kind: 'partial'; readonly every: number }
  /** Reads that are not strongly consistent see nothing, this time and the following. */
  | { readonly kind: 'stale'; readonly times?: number }
  /** The process dies before the handler runs, this time and the following. */
  | { readonly kind: 'crash-at-start'; readonly times: number }
  /** The same, so often that a stream's event source gives the batch up: reconciliation must find it. */
  | { readonly kind: 'crash-loop'; readonly times: number }
  /** The handler has returned, and its answer is lost: a stream's batch comes again, a queue's messages too. */
  | { readonly kind: 'answer-lost' }
  /** The invocation has so little time left when it starts. */
  | { readonly kind: 'short-time'; readonly milliseconds: number }
  /** The process's clock is wrong by so much from now on: it may jump back. */
  | { readonly kind: 'clock-skew'; readonly by: number }
  /** A deploy has raised the ledger's shard count: functions run in new processes from now on. `for`: until it is rolled back. */
  | { readonly kind: 'more-shards'; readonly to: number; readonly for?: number }
  /** Whatever is logged or counted throws. */
  | { readonly kind: 'sink-down' }
  /** The event source is switched off for some time. */
  | { readonly kind: 'disabled'; readonly for: number }
  /** The event source is switched off for longer than the queue or the stream keeps anything: reconciliation must find it. */
  | { readonly kind: 'retention'; readonly for: number }
  /** The event source of a stream is made anew, and begins with what comes from now on: reconciliation must find the rest. */
  | { readonly kind: 'from-latest' }
  /** The function's code is that before its last deploy, for some time: it does not know what newer producers send. */
  | { readonly kind: 'old-version'; readonly for: number }
  /** The function's answer names a record that was not in the batch: all of it comes again. */
  | { readonly kind: 'wrong-identifier'; readonly to: string }
  /** A message that has been received is visible again at once, or a record is in the stream twice. */
  | { readonly kind: 'duplicate' }
  /** A message comes again long after it was deleted. */
  | { readonly kind: 'duplicate-late'; readonly after: number }
  /** A message comes so late that others overtake it. */
  | { readonly kind: 'delay'; readonly by: number }
  /** Rows whose time to live has passed long ago are still there when a message comes again. */
  | { readonly kind: 'ttl-late'; readonly after: number }
  /** Rows go by a clock that is ahead, and then a message comes again. */
  | { readonly kind: 'ttl-early'; readonly after: number; readonly by: number }
  /** The queue has taken the message, and loses it, and whatever comes for some time: reconciliation must find it. */
  | { readonly kind: 'lost'; readonly for?: number }
  /** Somebody deletes all messages of the queue: reconciliation must find them. */
  | { readonly kind: 'purged' }
  /** Bytes that are no message lie beside the message. */
  | { readonly kind: 'poison' }
  /** The shard of the record is split, or merged with its neighbour. */
  | { readonly kind: 'reshard'; readonly how: 'split' | 'merge' }
  /** An operator sends a dead letter to its subscriber again. */
  | { readonly kind: 'redrive'; readonly after: number }
  /** Two operators send a dead letter again, and the message itself comes again in the same moment. */
  | { readonly kind: 'redrive-race' }
  /** A producer is asked for the same so many times at once: a hot key, and a backlog. */
  | { readonly kind: 'burst'; readonly times: number }
  /** The schedule fires twice, so many milliseconds apart. */
  | { readonly kind: 'schedule-twice'; readonly after: number }
  /** The schedule fires late: maybe after those that come next. */
  | { readonly kind: 'schedule-late'; readonly by: number }
  /** The schedule does not fire, this time and the following. */
  | { readonly kind: 'schedule-missed'; readonly times: number };

/** The name of a fault. */
export type FaultKind = Fault['kind'];

/** The `nth` time (from 0) that the site is reached, the fault happens there. */
export interface PlannedFault {
  readonly site: Site;
  readonly nth: number;
  readonly fault: Fault;
}

/** What loses messages: the reconciler finds them and sends them again. */
export const LOSSES: ReadonlySet<FaultKind> = new Set(['lost', 'purged', 'crash-loop', 'retention', 'from-latest']);

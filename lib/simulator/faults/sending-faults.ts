import type { SendingMode } from '../system.ts';
import type { Fault } from './fault.ts';
import { INVOCATION, PARTIAL, POLL, REQUEST, SCHEDULE } from './fault-kinds.ts';
import { CHECK_BACK, FORWARDER, PRODUCER, RECONCILER, RELAY, SCHEDULER, STEPS, type Step, SWEEP } from './site.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** What can go wrong in a queue of work that is no subscriber's. */
const DELIVERED: readonly Fault[] = [
  { kind: 'duplicate-late', after: MINUTE },
  { kind: 'duplicate-late', after: 3 * DAY },
];
const SENT: readonly Fault[] = [
  { kind: 'delay', by: 2 * SECOND },
  { kind: 'delay', by: 3 * MINUTE },
];

/** What can go wrong where producers send in other modes than by `publish` at once: with every call, queue and schedule. */
export function addSending(
  add: (actor: string, steps: readonly Step[], faults: readonly Fault[]) => void,
  modes: ReadonlySet<SendingMode>,
): void {
  const { store, mark, send, read, routes, wait, schedule, receipt, list, cursor, commit, backOff, invoke, fire } =
    STEPS;
  const has = (...some: readonly SendingMode[]) => some.some((mode) => modes.has(mode));
  const addQueue = (actor: string) => {
    add(actor, [invoke], INVOCATION);
    add(actor, [STEPS.receive, STEPS.acknowledge], POLL.slice(1));
    add(actor, [STEPS.receive], POLL.slice(0, 1));
    add(actor, [STEPS.sent], SENT);
    add(actor, [STEPS.received], [{ kind: 'duplicate' }]);
    add(actor, [STEPS.deleted], DELIVERED);
  };
  if (has('handshake', 'half')) add(PRODUCER, [store, mark], REQUEST);
  if (has('cancel', 'reschedule')) add(PRODUCER, [read, routes], REQUEST);
  if (has('handshake')) {
    add(PRODUCER, [send], [...REQUEST, ...PARTIAL]);
    add(PRODUCER, [store], PARTIAL);
  }
  if (has('handshake', 'delay', 'wait')) {
    addQueue(FORWARDER);
    add(FORWARDER, [routes, send, receipt, backOff], REQUEST);
    add(FORWARDER, [send], PARTIAL);
    add(RECONCILER, [mark], REQUEST);
  }
  if (has('wait')) {
    add(RELAY, [wait], [...REQUEST, ...PARTIAL]);
    add(RELAY, [schedule], REQUEST);
    add(FORWARDER, [read], [...REQUEST, ...PARTIAL]);
    add(SWEEP, [read, list, routes, send, receipt, cursor], REQUEST);
    add(SWEEP, [read, send], PARTIAL);
    add(SWEEP, [invoke], INVOCATION);
    add(SWEEP, [fire], [...SCHEDULE, { kind: 'schedule-missed', times: 8 }]);
    add(SCHEDULER, [fire], [{ kind: 'schedule-twice', after: 0 }]);
    add(SCHEDULER, [schedule], [{ kind: 'schedule-late', by: 3 * MINUTE }]);
  }
  if (has('half')) {
    addQueue(CHECK_BACK);
    add(CHECK_BACK, [read, commit, mark, backOff, store], REQUEST);
  }
}

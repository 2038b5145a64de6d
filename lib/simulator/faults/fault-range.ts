import type { SendingMode } from '../system.ts';
import type { Fault } from './fault.ts';
import { INVOCATION, PARTIAL, POLL, REQUEST, SCHEDULE } from './fault-kinds.ts';
import { addSending } from './sending-faults.ts';
import { PRODUCER, RECONCILER, RELAY, recorderOf, type Site, STEPS, type Step } from './site.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What can go wrong with the event source of a stream, beside that. */
const STREAM_POLL: readonly Fault[] = [{ kind: 'from-latest' }, { kind: 'retention', for: 25 * HOUR }];

/** What can go wrong with the answer of a subscriber's function. */
const ANSWER: readonly Fault[] = [
  { kind: 'wrong-identifier', to: '' },
  { kind: 'wrong-identifier', to: 'nobody' },
];

const SENT: readonly Fault[] = [
  { kind: 'poison' },
  { kind: 'delay', by: 2 * SECOND },
  { kind: 'delay', by: 3 * MINUTE },
];

const ARRIVED: readonly Fault[] = [
  { kind: 'duplicate' },
  { kind: 'poison' },
  { kind: 'reshard', how: 'split' },
  { kind: 'reshard', how: 'merge' },
];

/** Where and how the chain of some subscribers can fail. */
export interface FaultRange {
  /** Names of the subscribers that have a queue of their own, and of those that read a stream. */
  readonly queues: readonly string[];
  readonly streams: Readonly<Record<string, readonly string[]>>;
  /** Names of the subscribers whose code before the last deploy is known. @default none */
  readonly deployed?: readonly string[];
  /** In which modes producers send, beside `publish` at once. @default none */
  readonly modes?: ReadonlySet<SendingMode>;
}

/** Every site with every fault that can happen there. */
export function faultsOf({
  queues,
  streams,
  deployed = [],
  modes = new Set(),
}: FaultRange): ReadonlyMap<Site, readonly Fault[]> {
  const sites = new Map<Site, readonly Fault[]>();
  const add = (actor: string, steps: readonly Step[], faults: readonly Fault[]) => {
    for (const step of steps) sites.set(`${actor}.${step}`, [...(sites.get(`${actor}.${step}`) ?? []), ...faults]);
  };
  const consumers = [...queues, ...Object.values(streams).flat()];
  add(PRODUCER, [STEPS.commit], [...REQUEST, { kind: 'conflict' }]);
  add(PRODUCER, [STEPS.invoke], INVOCATION);
  add(PRODUCER, [STEPS.ask], [{ kind: 'burst', times: 10 }]);
  add(RELAY, [STEPS.routes, STEPS.send, STEPS.receipt], REQUEST);
  add(RELAY, [STEPS.send], PARTIAL);
  if (Object.keys(streams).length > 0) add(RELAY, [STEPS.put], [...REQUEST, ...PARTIAL]);
  add(RELAY, [STEPS.invoke], INVOCATION);
  add(RELAY, [STEPS.receive], [...POLL, ...STREAM_POLL]);
  addReconciler(add);
  addSending(add, modes);
  for (const name of consumers) {
    add(name, [STEPS.commit, STEPS.read, STEPS.end, STEPS.count, STEPS.send, STEPS.backOff], REQUEST);
    // Longer than several deliveries: it must not count against the message.
    add(name, [STEPS.commit], [{ kind: 'conflict' }, { kind: 'throttle', times: 100 }]);
    add(name, [STEPS.read], [{ kind: 'stale' }]);
    add(name, [STEPS.send, STEPS.backOff], PARTIAL);
    add(name, [STEPS.invoke], [...INVOCATION, ...ANSWER]);
    add(name, [STEPS.receive, STEPS.acknowledge], POLL.slice(1));
    add(name, [STEPS.receive], POLL.slice(0, 1));
    add(name, [STEPS.acknowledge], PARTIAL);
    if (queues.includes(name)) add(name, [STEPS.sent], SENT);
    add(name, [STEPS.received], [{ kind: 'duplicate' }]);
    add(
      name,
      [STEPS.deleted],
      [
        { kind: 'duplicate-late', after: MINUTE },
        { kind: 'duplicate-late', after: 13 * DAY },
        { kind: 'ttl-late', after: 13 * DAY },
        { kind: 'ttl-early', after: 13 * DAY, by: 2 * DAY },
      ],
    );
    add(`${name}-dead`, [STEPS.sent], [{ kind: 'redrive', after: SECOND }]);
    add(`${name}-dead`, [STEPS.sent], [{ kind: 'redrive', after: 10 * MINUTE }]);
    add(`${name}-dead`, [STEPS.sent], [{ kind: 'redrive-race' }]);
    add(recorderOf(name), [STEPS.invoke], INVOCATION);
    add(recorderOf(name), [STEPS.end, STEPS.read, STEPS.send], REQUEST);
  }
  // More often than SQS delivers a message: it is given up, and the recorder has to end it.
  for (const name of queues) {
    add(name, [STEPS.invoke], [{ kind: 'crash-at-start', times: 101 }]);
    add(name, [STEPS.sent], [{ kind: 'lost' }, { kind: 'lost', for: 30 * SECOND }, { kind: 'purged' }]);
    add(name, [STEPS.receive], [{ kind: 'retention', for: 5 * DAY }]);
  }
  for (const name of Object.values(streams).flat()) {
    add(name, [STEPS.invoke], [{ kind: 'crash-loop', times: 30 }]);
    add(name, [STEPS.receive], STREAM_POLL);
  }
  for (const name of deployed) {
    add(
      name,
      [STEPS.invoke],
      [
        { kind: 'old-version', for: 2 * MINUTE },
        { kind: 'old-version', for: 12 * MINUTE },
      ],
    );
  }
  for (const stream of Object.keys(streams)) add(stream, [STEPS.arrived], ARRIVED);
  return sites;
}

/** What can go wrong with reconciliation: with every call that it makes, with its schedule, and with what it reads. */
function addReconciler(add: (actor: string, steps: readonly Step[], faults: readonly Fault[]) => void): void {
  const { list, look, read, case: opened, close, cursor, radar, send, receipt, invoke, fire } = STEPS;
  add(RECONCILER, [list, look, read, opened, close, cursor, radar, send, receipt], REQUEST);
  add(RECONCILER, [send], PARTIAL);
  add(
    RECONCILER,
    [list, read],
    [
      { kind: 'stale', times: 1 },
      { kind: 'stale', times: 300 },
      { kind: 'stale', times: 300, of: 'out' },
      { kind: 'stale', times: 300, of: 'in' },
    ],
  );
  add(RECONCILER, [invoke], INVOCATION);
  add(RECONCILER, [fire], SCHEDULE);
}

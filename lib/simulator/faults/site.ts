import type { PutItemCommandInput, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { DUE_PREFIX } from '../../ledger/rows/layout.ts';
import type { Request } from '../../testing/engines/index.ts';

/**
 * The steps of the chain at which something can go wrong. A site is a function or a queue and a step of it, such as
 * `take-payment.commit`; the exhaustive model of outbox, relay and inbox takes the same names.
 */
export const STEPS = {
  /** A transaction: business writes, messages and, at a subscriber, the inbox row. */
  commit: 'commit',
  /** A row is read. */
  read: 'read',
  /** A message is ended without other effects: `dead` or `duplicate`. */
  end: 'end',
  /** A failed attempt is counted. */
  count: 'count',
  /** Messages are sent to a queue: the relay's copies, dead letters, parked records. */
  send: 'send',
  /** Records are put into a stream. */
  put: 'put',
  /** The relay writes what it has sent. */
  receipt: 'receipt',
  /** The relay reads who expects what. */
  routes: 'routes',
  /** A failed message's next delivery is timed. */
  backOff: 'back-off',
  /** An event source asks for messages or records. */
  receive: 'receive',
  /** An event source deletes what its function has handled. */
  acknowledge: 'acknowledge',
  /** A function is invoked. */
  invoke: 'invoke',
  /** A message has come to lie in a queue. */
  sent: 'sent',
  /** A message of a queue was received. */
  received: 'received',
  /** A message was deleted from a queue. */
  deleted: 'deleted',
  /** A record has come to lie in a stream. */
  arrived: 'arrived',
  /** A producer is asked for a step of the workload. */
  ask: 'ask',
  /** The schedule of the reconciler is due. */
  fire: 'fire',
  /** The reconciler lists rows. */
  list: 'list',
  /** The reconciler asks how many messages a queue holds. */
  look: 'look',
  /** The reconciler opens or rewrites the case of a message. */
  case: 'case',
  /** The reconciler closes the case of a message. */
  close: 'close',
  /** The reconciler writes down up to where it has come. */
  cursor: 'cursor',
  /** The reconciler writes what it has counted. */
  radar: 'radar',
  /** A producer writes a message that it sends itself, or half a message. */
  store: 'store',
  /** A row is marked: a message as sent, a half message as given up. */
  mark: 'mark',
  /** A message is put to wait for its moment. */
  wait: 'wait',
  /** A message is given a schedule of its own. */
  schedule: 'schedule',
  /** Whatever else a service is asked for. */
  other: 'other',
} as const;

export type Step = (typeof STEPS)[keyof typeof STEPS];

/** `<function or queue or stream>.<step>` */
export type Site = `${string}.${Step}`;

const STEP_OF_OPERATION: Readonly<Record<string, Step>> = {
  TransactWriteItems: STEPS.commit,
  GetItem: STEPS.read,
  PutItem: STEPS.end,
  UpdateItem: STEPS.count,
  Query: STEPS.routes,
  SendMessage: STEPS.send,
  SendMessageBatch: STEPS.send,
  PutRecords: STEPS.put,
  ChangeMessageVisibility: STEPS.backOff,
  ChangeMessageVisibilityBatch: STEPS.backOff,
  ReceiveMessage: STEPS.receive,
  GetRecords: STEPS.receive,
  DeleteMessage: STEPS.acknowledge,
  DeleteMessageBatch: STEPS.acknowledge,
};

/** What the reconciler does by other operations than a function of messages. */
const STEP_OF_RECONCILER: Readonly<Record<string, Step>> = {
  Query: STEPS.list,
  GetQueueAttributes: STEPS.look,
  DeleteItem: STEPS.close,
  BatchGetItem: STEPS.read,
  UpdateItem: STEPS.mark,
};

/** What the reconciler puts, by the kind of the row. */
const STEP_OF_ROW: Readonly<Record<string, Step>> = {
  relay: STEPS.receipt,
  open: STEPS.case,
  reconcile: STEPS.cursor,
  radar: STEPS.radar,
};

/** What those who send call by other operations than a function of messages. */
const DISPATCHES: Readonly<Record<string, Step>> = {
  PutItem: STEPS.receipt,
  BatchWriteItem: STEPS.wait,
  BatchGetItem: STEPS.read,
  CreateSchedule: STEPS.schedule,
};
const STEP_OF_SENDER: Readonly<Record<string, Readonly<Record<string, Step>>>> = {
  relay: DISPATCHES,
  forwarder: DISPATCHES,
  sweep: { ...DISPATCHES, UpdateItem: STEPS.cursor },
  producer: { PutItem: STEPS.store, BatchWriteItem: STEPS.store, UpdateItem: STEPS.mark },
  'check-back': { UpdateItem: STEPS.mark },
};

/** The step at which a function, or its event source, calls an operation. */
export function stepOf(actor: string, { operation, input }: Request): Step {
  const step = STEP_OF_OPERATION[operation] ?? STEPS.other;
  if (actor === RECONCILER) {
    if (operation !== 'PutItem') return STEP_OF_RECONCILER[operation] ?? step;
    const [kind = ''] = ((input as PutItemCommandInput).Item?.pk?.S ?? '').split('#');
    return STEP_OF_ROW[kind] ?? step;
  }
  if (actor === SWEEP && operation === 'Query') return isOfDueRows(input) ? STEPS.list : STEPS.routes;
  return STEP_OF_SENDER[actor]?.[operation] ?? step;
}

function isOfDueRows(input: object): boolean {
  return (input as QueryCommandInput).ExpressionAttributeValues?.[':pk']?.S?.startsWith(DUE_PREFIX) ?? false;
}

/** The names of the functions that no user names. */
export const RELAY = 'relay';
export const PRODUCER = 'producer';
export const RECONCILER = 'reconciler';
export const FORWARDER = 'forwarder';
export const SWEEP = 'sweep';
export const CHECK_BACK = 'check-back';
/** Where schedules of messages fire. */
export const SCHEDULER = 'scheduler';

/** The name of a subscriber's recorder. */
export function recorderOf(subscriber: string): string {
  return `${subscriber}-recorder`;
}

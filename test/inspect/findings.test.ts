import { expect, test } from 'vitest';
import { WAITS_FOR_PROVIDER } from '../../lib/contract/effect.ts';
import { deadlineOf, type Finding, Inspection, RELAY_PATIENCE_MS } from '../../lib/inspect/inspection.ts';
import type { ListEventSources } from '../../lib/inspect/subscriber-state.ts';
import { SCHEDULE } from '../../lib/ledger/receipt.ts';
import { circuitKey } from '../../lib/ledger/rows/circuit.ts';
import { failureKey } from '../../lib/ledger/rows/failure.ts';
import { FORMATS } from '../../lib/ledger/rows/format.ts';
import type { Route } from '../../lib/ledger/rows/route.ts';
import { DEADLINE, NOW, reconcileWorld } from '../reconcile/reconcile-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const STREAM_PATIENCE = 5 * MINUTE;

type World = ReturnType<typeof reconcileWorld>;
const at = (time: number) => new Date(time).toISOString();

interface Place {
  readonly world: World;
  readonly id: string;
}

interface Case {
  /** To whom the message was sent when it was committed, as a receipt says. @default to nobody */
  readonly sent?: string;
  /** What lies in the ledger and in the queues, beside the message in its outbox row. */
  readonly arrange?: (place: Place) => unknown;
  /** How long ago the message should have ended. @default a minute */
  readonly overdue?: number;
  /** How long after its commit the message is to be delivered. */
  readonly delay?: number;
  readonly stream?: true;
  readonly sources?: ListEventSources;
  readonly finding: Finding;
}

const COMMITTED = NOW - DEADLINE - MINUTE;
const broken = (kind: 'dynamodb' | 'sqs', message: string) => ({
  [kind]: { send: () => Promise.reject(Object.assign(new Error('no'), { name: message })) },
});
const sources =
  (...states: string[]): ListEventSources =>
  () =>
    Promise.resolve(states.map((state) => ({ state })));
const queue = (world: World, id: string) => world.queue('payment').send({ id, body: id, attributes: {} });
const pause = ({ world: { put } }: Place, row: object) => put(circuitKey('payment'), { since: NOW - HOUR, ...row });
const fail = ({ world: { put }, id }: Place, row: object) =>
  put(failureKey('payment', id), { attempts: 3, reason: 'Boom', detail: 'Boom: no', next: NOW, ...row });
const neverReceived = (why: string, delay = 0): Finding => ({
  kind: 'missing',
  hop: 'broker',
  evidence: `sent at ${at(COMMITTED - delay)}, never received, and ${why}`,
});
const notReceived = (among: string, delay = 0): Finding => ({
  kind: 'late',
  hop: 'consumer',
  evidence: `sent at ${at(COMMITTED - delay)}, not received yet${among}`,
});

/** Each way in which a message can stand at a subscriber, and what is said of it. */
const cases: Readonly<Record<string, Case>> = {
  'has ended': {
    arrange: ({ world, id }) => world.end(id, 'payment', 'duplicate'),
    finding: { kind: 'ended', state: 'duplicate' },
  },
  'is within its deadline': { overdue: -1, finding: { kind: 'late' } },
  'was not relayed for half a minute': {
    overdue: RELAY_PATIENCE_MS - 1,
    finding: { kind: 'late', hop: 'relay', evidence: "nothing says yet that it was sent to 'payment'" },
  },
  'was not relayed for longer': {
    overdue: RELAY_PATIENCE_MS,
    finding: { kind: 'missing', hop: 'relay', evidence: "no receipt says that it was sent to 'payment'" },
  },
  'was not relayed, and a later one has ended': {
    overdue: RELAY_PATIENCE_MS - 1,
    arrange: ({ world }) => world.end(world.mint(0), 'payment'),
    finding: { kind: 'missing', hop: 'relay', evidence: "no receipt says that it was sent to 'payment'" },
  },
  'was not relayed, and one that was relayed at its deadline has ended': {
    overdue: RELAY_PATIENCE_MS - 1,
    arrange: ({ world }) => world.end(world.mint(RELAY_PATIENCE_MS - 1), 'payment'),
    finding: { kind: 'late', hop: 'relay', evidence: "nothing says yet that it was sent to 'payment'" },
  },
  'was not sent by its producer': {
    arrange: ({ world, id }) => world.commit(id, 'order.placed', {}, { sending: 'pending' }),
    finding: { kind: 'missing', hop: 'producer', evidence: 'its producer has not sent it: the handshake is pending' },
  },
  'was sent by its relay although its producer has not': {
    sent: 'payment',
    arrange: ({ world, id }) => world.commit(id, 'order.placed', {}, { sending: 'pending' }),
    finding: neverReceived('the queue is empty'),
  },
  'was cancelled': {
    arrange: ({ world, id }) => world.commit(id, 'order.placed', {}, { cancelled: NOW }),
    finding: { kind: 'cancelled' },
  },
  'lies in a row of a newer format': {
    arrange: ({ world, id }) => world.commit(id, 'order.placed', {}, { format: FORMATS.compressed + 9 }),
    finding: { kind: 'unjudged', evidence: 'cannot be judged: its row is of a newer format than is known here' },
  },
  'was sent, and the queue is empty': {
    sent: 'payment',
    finding: neverReceived('the queue is empty'),
  },
  'was sent, and is among others': {
    sent: 'payment',
    arrange: ({ world }) => {
      for (const id of ['one', 'two']) queue(world, id);
    },
    finding: notReceived(': 2 are in its queue'),
  },
  'was sent, is among others, and what was sent a deadline later has ended': {
    sent: 'payment',
    arrange: ({ world }) => {
      queue(world, 'one');
      world.end(world.mint(MINUTE - 1), 'payment');
    },
    finding: neverReceived('what was sent after it has ended'),
  },
  'was sent, is among others, and what was sent just a deadline later has ended': {
    sent: 'payment',
    arrange: ({ world }) => {
      queue(world, 'one');
      world.end(world.mint(MINUTE), 'payment');
    },
    finding: notReceived(': 1 are in its queue'),
  },
  'went into a stream, whose reader may be behind': {
    stream: true,
    overdue: STREAM_PATIENCE - 1,
    sent: 'orders',
    finding: {
      kind: 'late',
      hop: 'consumer',
      evidence: `sent at ${at(NOW - DEADLINE - STREAM_PATIENCE + 1)}, not received yet`,
    },
  },
  'went into a stream, whose reader has had five minutes': {
    stream: true,
    overdue: STREAM_PATIENCE,
    sent: 'orders',
    finding: {
      kind: 'missing',
      hop: 'broker',
      evidence: `sent at ${at(NOW - DEADLINE - STREAM_PATIENCE)}, never received, and the queue is empty`,
    },
  },
  'was sent to what is paused by an operator': {
    sent: 'payment',
    arrange: (place) => pause(place, { state: 'open', by: 'operator' }),
    finding: { kind: 'scheduled', evidence: `paused: by an operator since ${at(NOW - HOUR)}`, paused: true },
  },
  'was sent to a circuit that is open': {
    sent: 'payment',
    arrange: (place) => pause(place, { state: 'open', reason: 'PartnerDown' }),
    finding: {
      kind: 'scheduled',
      evidence: `paused: its circuit is open (PartnerDown) since ${at(NOW - HOUR)}`,
      paused: true,
    },
  },
  'was sent to a circuit that has closed': {
    sent: 'payment',
    arrange: (place) => pause(place, { state: 'closed', reason: 'PartnerDown' }),
    finding: neverReceived('the queue is empty'),
  },
  'was sent to what no event source reads': {
    sent: 'payment',
    sources: sources(),
    finding: { kind: 'missing', hop: 'consumer', evidence: 'no event source reads its queue' },
  },
  'was sent to what disabled event sources read': {
    sent: 'payment',
    sources: sources('Disabled', 'Disabling'),
    finding: { kind: 'missing', hop: 'consumer', evidence: 'its event source is disabled' },
  },
  'was sent to what one of two event sources reads': {
    sent: 'payment',
    sources: sources('Disabled', 'Enabling'),
    finding: neverReceived('the queue is empty'),
  },
  'was sent to a queue of which nothing can be read': {
    sent: 'payment',
    arrange: ({ world }) => {
      Object.assign(world.environment, broken('sqs', 'AccessDenied'));
    },
    sources: () => Promise.reject(new RangeError('too many')),
    finding: { kind: 'unjudged', evidence: 'cannot be judged: its queue cannot be read (AccessDenied)' },
  },
  'was sent to what has event sources that cannot be listed': {
    sent: 'payment',
    sources: () => Promise.reject(new RangeError('too many')),
    finding: { kind: 'unjudged', evidence: 'cannot be judged: its event sources cannot be listed (RangeError)' },
  },
  'lies where nothing can be read': {
    arrange: ({ world }) => Object.assign(world.environment, broken('dynamodb', 'AccessDenied')),
    finding: { kind: 'unjudged', evidence: 'cannot be judged: AccessDenied while it was looked at' },
  },
  'failed, and rests': {
    arrange: (place) => fail(place, { next: NOW - DEADLINE + 1 }),
    finding: { kind: 'scheduled', evidence: '3 attempts failed, at last with Boom (Boom: no)' },
  },
  'was put off before its first attempt': {
    arrange: (place) => fail(place, { attempts: 0, reason: 'retry-later', detail: 'no price list yet' }),
    finding: { kind: 'scheduled', evidence: 'it waited for retry-later (no price list yet)' },
  },
  'waits for a provider': {
    arrange: (place) => fail(place, { reason: 'effect-in-progress', detail: 'charge' }),
    finding: { kind: 'scheduled', evidence: `${WAITS_FOR_PROVIDER} (charge)` },
  },
  'failed, and was not tried again': {
    arrange: (place) => fail(place, { attempts: 1, next: NOW - DEADLINE }),
    finding: {
      kind: 'missing',
      hop: 'consumer',
      evidence: `1 attempts failed, at last with Boom; the next was due at ${at(NOW - DEADLINE)}`,
    },
  },
  'failed, and its event source was disabled': {
    arrange: (place) => fail(place, { next: NOW - DEADLINE }),
    sources: sources('Disabled'),
    finding: { kind: 'missing', hop: 'consumer', evidence: 'its event source is disabled' },
  },
  'failed, and its subscriber is paused': {
    arrange: (place) => {
      fail(place, { next: NOW - DEADLINE });
      pause(place, { state: 'open', by: 'operator' });
    },
    finding: { kind: 'scheduled', evidence: `paused: by an operator since ${at(NOW - HOUR)}`, paused: true },
  },
  'failed, and its event sources cannot be listed': {
    arrange: (place) => fail(place, { next: NOW - DEADLINE }),
    sources: () => Promise.reject(new RangeError('too many')),
    finding: { kind: 'unjudged', evidence: 'cannot be judged: its event sources cannot be listed (RangeError)' },
  },
  'waits in the ledger for its moment': {
    delay: HOUR,
    overdue: -DEADLINE - 1,
    arrange: ({ world, id }) => world.wait(id, NOW + 1),
    finding: { kind: 'waiting', swept: true },
  },
  'waited in the ledger until its moment': {
    delay: HOUR,
    overdue: -DEADLINE,
    arrange: ({ world, id }) => world.wait(id, NOW),
    finding: { kind: 'late' },
  },
  'waits in its queue for its moment': {
    delay: 10 * MINUTE,
    overdue: -DEADLINE - 1,
    sent: 'payment',
    finding: { kind: 'waiting', swept: false },
  },
  'was put to wait, as a receipt says, and is being swept': {
    delay: 10 * MINUTE,
    overdue: -DEADLINE - 1,
    sent: SCHEDULE,
    finding: { kind: 'waiting', swept: false },
  },
  'was sent with a delay, and what was sent a deadline after its moment has ended': {
    delay: 10 * MINUTE,
    sent: 'payment',
    arrange: ({ world }) => {
      queue(world, 'one');
      world.end(world.mint(MINUTE - 1), 'payment');
    },
    finding: neverReceived('what was sent after it has ended', 10 * MINUTE),
  },
  'was sent with a delay, and what was sent before its moment has ended': {
    delay: 10 * MINUTE,
    sent: 'payment',
    arrange: ({ world }) => {
      queue(world, 'one');
      world.end(world.mint(MINUTE), 'payment');
    },
    finding: notReceived(': 1 are in its queue', 10 * MINUTE),
  },
  'waits, and nothing says so yet': {
    delay: HOUR,
    overdue: RELAY_PATIENCE_MS - HOUR - 1,
    finding: { kind: 'late' },
  },
  'waits, and nothing says so for a deadline and half a minute': {
    delay: HOUR,
    overdue: RELAY_PATIENCE_MS - HOUR,
    finding: { kind: 'missing', hop: 'relay', evidence: 'nothing says that it was put to wait for its moment' },
  },
};

test.each(Object.entries(cases))('a message that %s', async (_name, one) => {
  const { arrange, sent, overdue = MINUTE, delay, stream, sources, finding } = one;
  const committed = NOW - DEADLINE - overdue - (delay ?? 0);
  const world = reconcileWorld({ subscribers: ['payment'], now: committed });
  const message = { id: world.commit(world.mint(0)), ...(delay !== undefined && { deliverAt: committed + delay }) };
  const [own] = world.routes as [Route];
  const { url: retryQueueUrl } = world.queue('payment');
  const route: Route = stream ? { ...own, destination: { kind: 'stream', name: 'orders', retryQueueUrl } } : own;
  if (sent) await world.relay(message.id, sent);
  world.clock.pass(NOW - committed);
  arrange?.({ world, id: message.id });
  const suspect = { ...message, route, deadlineAt: deadlineOf(message, route) };
  expect(await new Inspection(world.ledger, sources).inspect(suspect)).toEqual(finding);
});

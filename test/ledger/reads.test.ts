import type { BatchGetItemCommandInput, GetItemCommandInput, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { afterAll, expect, test, vi } from 'vitest';
import { cancel } from '../../lib/cancel/cancel.ts';
import { SAGA_EVENTS } from '../../lib/contract/saga-settings.ts';
import { unknown } from '../../lib/effect/answer.ts';
import { decideEffect } from '../../lib/effect/decide.ts';
import { inboxKey } from '../../lib/ledger/rows/inbox.ts';
import { type RowKind, rowKindOf } from '../../lib/ledger/rows/row-kind.ts';
import { listDead } from '../../lib/redrive/causes.ts';
import { simulate } from '../../lib/simulator/run/simulation.ts';
import { DynamoDbEngine } from '../../lib/testing/engines/dynamodb/engine.ts';
import type { Wire } from '../../lib/testing/engines/index.ts';
import { testLedger } from '../../lib/testing/test-ledger.ts';
import { trace, traceKey } from '../../lib/trace/trace.ts';
import { commerce } from '../../scripts/certify/commerce.ts';
import { corpus } from '../corpus/corpus.ts';
import { chargeBy, ORDER, OrderPlaced, Provider, takePayment } from '../effect/payments.ts';
import { DAY, delaying, HOUR, MINUTE } from '../reconcile/delaying-world.ts';
import { DEADLINE, NOW } from '../reconcile/reconcile-world.ts';
import { redriveWorld } from '../redrive/redrive-world.ts';
import { START, sendingWorld, withoutRoutes } from '../relay/sending-world.ts';

/** Which rooms read so, and why. */
type Read = readonly [rooms: string, why: string];

/** Reads of rows, and why they are consistent, or need not be. */
const CONSISTENT: Readonly<Record<string, Read>> = {
  'GetItem business': ['transaction', 'what a handler writes rests on the rows that it has read'],
  'GetItem inbox': [
    'consume, inspect, trace',
    'a redelivery that does not see how its message ended would handle it again; a false name',
  ],
  'GetItem outbox': [
    'cancel, inspect, reconcile, trace',
    'what is missing or uncaused is named only once its outbox row was seen',
  ],
  'GetItem failure': ['inspect', 'a failed message that rests would be named, and sent again before its time'],
  'GetItem circuit': ['inspect, redrive', 'what waits at a subscriber that is paused would be named, and sent there'],
  'GetItem effect': ['effect', 'an operator would decide on an effect that has gone on meanwhile'],
  'GetItem route': ['consume', 'the reader of a stream would skip what its route has just come to give it'],
  'GetItem due': ['inspect', 'a message that waits would be named'],
  'GetItem half': ['half', 'who decides a half message must see that somebody has'],
  'GetItem cursor': [
    'inspect, reconcile',
    'a pass would look at its last minutes once more, and count them from counts that are old',
  ],
  'GetItem redrive': ['redrive', 'what an operator has stopped would go on'],
  'BatchGetItem inbox': ['redrive', 'a relapse that is not seen lets the next wave go'],
  'BatchGetItem outbox': [
    'reconcile, relay',
    'a row that does not say its type would be expected by nobody; a due message that is not seen is not sent',
  ],
  'BatchGetItem sweep': ['relay', 'the sweep would send what the last run has sent'],
  'BatchGetItem half': ['reconcile', 'a half message that is not seen is not asked for again'],
  'Query due': ['relay', 'a due row that is not seen is not sent, and the cursor moves past it'],
  'Query route': [
    'cancel, reconcile, redrive, relay, trace',
    'whoever has expected a message since before it was committed must be sent it',
  ],
  'Query event-type': ['reconcile, redrive, trace', 'a type that is not seen is reconciled nowhere'],
  'Query case': [
    'reconcile',
    'a case that is not seen is not looked at for a minute, and one that was closed would be healed',
  ],
  'Query redrive': ['reconcile', 'a redrive that has lost its notice would sleep for a minute more'],
  'Query shards': [
    'reconcile, redrive, relay, trace',
    'what lies in shards that are not seen is neither sent nor named',
  ],
  'Query outbox': ['relay', 'what a backfill does not see, nobody looks for again'],
  'Query unrouted': ['relay', 'a type whose backfill is done would be sent once more'],
  'Query receipt': ['inspect', 'what was sent would be named for the relay, and healed'],
  'Query half': ['reconcile', 'what the first pass overlooks waits for a day'],
};

/** Reads for half the units: what they miss is looked at again before anything is said or done. */
const EVENTUAL: Readonly<Record<string, Read>> = {
  'Query dead': ['redrive', 'what has just died is for the next redrive'],
  'Query cause': ['redrive', 'what is shown may be seconds old'],
  'Query outbox': [
    'reconcile, redrive, trace',
    'later passes come past the same minutes; a trace by key shows a moment',
  ],
  'Query inbox': ['inspect, reconcile', 'a suspect is looked at by itself, consistently, before it is named'],
  'Query due': ['reconcile', 'it was written a quarter of an hour before, at least: no replica lags so'],
  'Query half': ['reconcile', 'the first pass has come past it, a day before'],
  'Query saga': ['trace', 'a trace of a saga shows a moment'],
  'Query radar': ['reconcile', 'what is shown, and the ratio of an alarm, may be seconds old'],
  'BatchGetItem due': ['reconcile', 'a case that is opened for nothing closes by itself'],
  'BatchGetItem outbox': ['reconcile, redrive', 'it was committed a quarter of an hour before, at least'],
  'BatchGetItem inbox': ['reconcile', 'a case that is opened for nothing closes by itself'],
};

const seen = new Set<string>();
const { client } = DynamoDbEngine.prototype;
const watched = vi.spyOn(DynamoDbEngine.prototype, 'client').mockImplementation(function (
  this: DynamoDbEngine,
  wire: Wire = (_, apply) => Promise.resolve(apply()),
) {
  return client.call(this, (request, apply) => {
    const room = readingRoom();
    // What a handler reads by itself, past `tx`, is its own.
    for (const read of readsOf(request))
      if (room === 'transaction' || !read.includes('business')) seen.add(`${room}: ${read}`);
    return wire(request, apply);
  });
});
afterAll(() => watched.mockRestore());

/** Plans of the corpus in which, together, every function reads all that it does. */
const PLANS = [
  'acknowledged-before-commit',
  'both-runs-heal',
  'cancel-marks-the-outbox-alone',
  'corrupt-trace',
  'cursor-before-the-send',
  'half-committed-twice',
];

test('each read of the ledger is consistent or is not, for a reason', async () => {
  const plans = corpus.filter(({ name }) => PLANS.includes(name));
  expect(plans).toHaveLength(PLANS.length);
  for (const { plan } of plans) await simulate(commerce, plan);
  await waitAndTrace();
  await redriveAll();
  await payAndDecide();
  await waitForSubscriber();

  const known = [...rowsOf(CONSISTENT, 'consistent'), ...rowsOf(EVENTUAL, 'eventual')];
  expect([...seen].sort()).toEqual(known.sort());
});

/** What plans do not do: messages that wait for days, what an operator asks, a request for a half message that was not taken. */
async function waitAndTrace(): Promise<void> {
  const { commit, mint, at, wait, run, clock, put, environment, inspection, reconcile } = delaying();
  await run();
  const swept = commit(mint(0), 'order.placed', at(NOW + HOUR));
  wait(swept, NOW + HOUR);
  const lost = commit(mint(0), 'order.placed', at(NOW + HOUR), { type: undefined });
  put({ pk: 'reconcile', sk: 'half' }, { upTo: NOW - HOUR, again: [lost] });
  clock.pass(DEADLINE + MINUTE);
  await run();
  await trace(environment, inspection, lost);
  await traceKey(environment, inspection, 'order-1', NOW);
  const starts = commit(mint(0), 'order.placed');
  const hops = { committed: clock.now(), received: clock.now(), ended: clock.now() };
  const ended = { function: 'starter', request: 'request-1' };
  put(inboxKey('payment', starts), { state: 'handled', type: `${SAGA_EVENTS}trip`, hops, attempts: 1, ended });
  await trace(environment, inspection, starts);
  await cancel(lost, { environment });
  clock.pass(HOUR);
  await run();
  await reconcile({ from: clock.now() - DAY / 4, due: true });
}

/** An operator's redrives, of what is dead and of a range. */
async function redriveAll(): Promise<void> {
  const world = redriveWorld({ shards: 1 });
  const from = world.stack.now;
  world.broken.add('card');
  await world.pay('card', 3);
  await listDead({ environment: world.environment });
  world.broken.clear();
  const { operation } = await world.redrive();
  await world.finish(operation);
  const again = await world.redrive({ range: { from, to: world.stack.now } });
  await world.finish(again.operation);
}

function rowsOf(reads: typeof CONSISTENT, how: string): string[] {
  return Object.entries(reads).flatMap(([read, [rooms]]) =>
    rooms.split(', ').map((room) => `${room}: ${read}, ${how}`),
  );
}

/** The room that asks, by the files that the call came through. */
function readingRoom(): string {
  const { stackTraceLimit, prepareStackTrace } = Error;
  Error.stackTraceLimit = 40;
  Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getFileName());
  const files = new Error().stack as unknown as readonly (string | null)[];
  Object.assign(Error, { stackTraceLimit, prepareStackTrace });
  const rooms = files.flatMap((file) => /\/lib\/(\w+)\//.exec(file ?? '')?.[1] ?? []);
  return rooms.find((room) => !/^(?:ledger|aws|testing|simulator)$/.test(room)) ?? 'ledger';
}

function readsOf({ operation, input }: { readonly operation: string; readonly input: object }): string[] {
  if (operation === 'GetItem') {
    const { Key, ConsistentRead } = input as GetItemCommandInput;
    return [readOf(operation, Key?.pk?.S, ConsistentRead)];
  }
  if (operation === 'Query') {
    const { ExpressionAttributeValues, ConsistentRead } = input as QueryCommandInput;
    return [readOf(operation, ExpressionAttributeValues?.[':pk']?.S, ConsistentRead)];
  }
  if (operation !== 'BatchGetItem') return [];
  const { RequestItems = {} } = input as BatchGetItemCommandInput;
  return Object.values(RequestItems).map(({ Keys, ConsistentRead }) =>
    readOf(operation, Keys?.[0]?.pk?.S, ConsistentRead),
  );
}

function readOf(operation: string, partition: string | undefined, consistent: boolean | undefined): string {
  const kind: RowKind = rowKindOf(partition ?? '');
  return `${operation} ${kind === 'other' ? 'business' : kind}, ${consistent ? 'consistent' : 'eventual'}`;
}

/** A charge of which nobody knows how it ended, under a key that other messages may share: an operator decides it. */
async function payAndDecide(): Promise<void> {
  const lost = () => Promise.reject(new Error('socket hang up'));
  const handler = takePayment(chargeBy(new Provider(), { key: 'shared', run: lost, verify: () => unknown() }));
  const shop = testLedger();
  const { id } = await shop.deliver(handler, OrderPlaced, ORDER);
  shop.advance('10m');
  await decideEffect(id, { kind: 'notDone' }, { subscriber: 'take-payment', environment: shop.environment });
}

/** A message that waits for its first subscriber, and is sent to it. */
async function waitForSubscriber(): Promise<void> {
  const world = sendingWorld({ subscribers: ['close-offer'] });
  const subscribe = withoutRoutes(world);
  await world.publish('waiting');
  await world.relayNew();
  subscribe();
  await world.runUntil(START + 5 * MINUTE, [START + MINUTE, START + 2 * MINUTE]);
}

import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BINDINGS } from 'waybill';
import { sha256 } from './dead-letters.ts';
import { type Odds, seededPlan } from './fault-plan.ts';
import { ParcelAccepted, ParcelStamped } from './parcels/contract.ts';
import { Courier, type Parcel, type Station } from './parcels/courier.ts';
import { largestPoison, type Poison, queuePoison, streamEvent, streamPoison } from './parcels/poison.ts';

/** Committed while faults strike. */
const MESSAGES = 300;
/** Committed while the relay rests: what one request of its to Kinesis takes. */
const BACKLOG = 500;

const SEED = 'courier';
const ODDS: Odds = {
  TransactWriteItems: {
    throttled: 0.02,
    conflict: 0.02,
    'item throttled': 0.02,
    'reply lost': 0.03,
    failed: 0.02,
    slow: 0.03,
  },
  GetItem: { throttled: 0.1, 'reply lost': 0.1, failed: 0.1 },
  PutItem: { throttled: 0.1, 'reply lost': 0.1, failed: 0.1 },
  Query: { throttled: 0.1, 'reply lost': 0.1, failed: 0.1 },
  SendMessageBatch: { throttled: 0.04, partial: 0.2, 'reply lost': 0.05, failed: 0.05, slow: 0.03 },
  PutRecords: { throttled: 0.1, partial: 0.3, 'reply lost': 0.15, failed: 0.1 },
};

const POLL = { timeout: 200_000, interval: 250 };
/** Milliseconds without a call that say that all is done, as long as nothing fails and comes again. */
const NO_FAILURE = 300;

let courier: Courier;

beforeAll(async () => {
  courier = await Courier.deploy();
});

afterAll(() => courier?.stop());

function parcels(name: string, count: number): Parcel[] {
  return Array.from({ length: count }, (_, index) => ({ parcelId: `${name}-${index}`, grams: 1 + (index % 7) }));
}

/** The calls that one function made, in their order. */
function callsOf(by: string): string[] {
  return courier.wire.calls.filter((call) => call.by === by).map(({ operation }) => operation);
}

async function untilEffects(count: number): Promise<void> {
  await expect.poll(async () => (await courier.effects()).length, POLL).toBe(count);
}

test('a first delivery with one business write costs one DynamoDB call', async () => {
  await courier.accept({ parcelId: 'first', grams: 1 });
  await untilEffects(3);
  await courier.untilQuiet(NO_FAILURE);
  expect(callsOf('deliver-parcel')).toEqual(['TransactWriteItems']);
});

test('a redelivery of an ended message costs one read, and its handler does not run', async () => {
  const id = await courier.accept({ parcelId: 'again', grams: 1 });
  await untilEffects(6);
  await courier.untilQuiet(NO_FAILURE);
  const before = courier.wire.calls.length;
  await redeliver(courier.stamp, [await courier.ledger.envelope(id)]);
  await courier.untilQuiet(NO_FAILURE);
  const calls = courier.wire.calls.slice(before).map(({ by, operation }) => [by, operation]);
  expect(calls).toEqual([['stamp-parcel', 'GetItem']]);
});

test('whatever befalls the wire, each message takes effect once at each subscriber and each poison is dead-lettered', async () => {
  const { stage, stamp, deliver, count, wire, ledger } = courier;
  wire.plan = seededPlan(SEED, ODDS);
  const committed = courier.acceptAll(parcels('faulty', MESSAGES));
  const poison = await sendPoison();
  await expect(stage.lambda.invoke(stamp.function, { Records: [] })).resolves.toEqual({ batchItemFailures: [] });
  const ids = await committed;
  const copies = await copiesOfSome(ids);
  for (const copy of copies) await courier.putIntoQueue(stamp, copy);
  await courier.putOntoStream(copies);
  const accepted = 2 + MESSAGES;
  await untilEffects(3 * accepted);
  const endings = await ledger.endings(stamp.name, ids);
  const stamped = [...endings.values()].flatMap(({ published = [] }) => published);
  await redeliver(deliver, await copiesOfSome(stamped));
  await courier.untilQuiet();

  const [effects, totals] = await Promise.all([courier.effects(), courier.totals()]);
  const grams = effects.reduce((sum, effect) => sum + effect.grams, 0) / 3;
  expect(effects.filter(({ times }) => times !== 1)).toEqual([]);
  expect(effects).toHaveLength(3 * accepted);
  for (const { name } of [stamp, count]) {
    expect(totals).toContainEqual({ subscriber: name, parcels: accepted, grams });
    expect(await statesOf(name, ids)).toEqual({ handled: MESSAGES });
  }
  expect(await statesOf(deliver.name, stamped)).toEqual({ handled: MESSAGES });
  for (const station of courier.stations) await expectLetters(station, poison.get(station) ?? []);
  for (const [operation, faults] of Object.entries(ODDS)) {
    const struck = new Set(wire.calls.filter((call) => call.operation === operation).map(({ fault }) => fault));
    for (const fault of Object.keys(faults)) expect([operation, ...struck]).toContain(fault);
  }
});

test('the relay needs few calls for a backlog', async () => {
  const { lambda } = courier.stage;
  const { stamp, count, relay, wire } = courier;
  wire.plan = () => undefined;
  for (const name of [relay, stamp.function, count.function]) await lambda.setSources(name, false);
  await courier.acceptAll(parcels('backlog', BACKLOG));
  const before = wire.calls.length;
  await lambda.setSources(relay, true);
  await expect.poll(() => courier.queued(stamp), POLL).toBe(BACKLOG);
  // The sweep looks for what is due each minute, whatever is committed.
  const calls = () => wire.calls.slice(before).filter(({ by }) => by !== 'sweep');
  const times = (operation: string) => calls().filter((call) => call.operation === operation).length;
  // Receipts are what it writes at last.
  await expect.poll(() => times('PutItem'), POLL).toBeGreaterThan(0);
  await wire.quiet(NO_FAILURE);

  expect(calls().every(({ by }) => by === 'relay')).toBe(true);
  // The engine may cut the backlog into a few batches: each writes a receipt, and the last message of none fills a call.
  const batches = times('PutItem');
  expect(batches).toBeLessThanOrEqual(0.02 * BACKLOG);
  expect(times('SendMessageBatch')).toBeLessThanOrEqual(0.1 * BACKLOG + batches - 1);
  expect(times('PutRecords')).toBeLessThanOrEqual(batches);
  expect(times('Query')).toBeLessThanOrEqual(batches);
});

/** Puts records that nobody can handle where each subscriber reads. */
async function sendPoison(): Promise<Map<Station, Poison[]>> {
  const { stage, stamp, deliver, count } = courier;
  const ledger = stage.output(BINDINGS.ledger);
  const ofQueues = [
    [stamp, queuePoison(ParcelAccepted.type, ledger)],
    [deliver, queuePoison(ParcelStamped.type, ledger)],
  ] as const;
  for (const [station, poison] of ofQueues) {
    for (const { bytes } of poison) await courier.putIntoQueue(station, Buffer.from(bytes).toString());
  }
  const onStream = streamPoison(ParcelAccepted.type, ledger);
  await courier.putOntoStream(onStream.map(({ bytes }) => bytes));
  const largest = largestPoison();
  // As its event source does, where all tries of one invocation were struck.
  const given = () => stage.lambda.invoke(count.function, streamEvent(largest)).catch(() => undefined);
  await expect.poll(given, POLL).toEqual({ batchItemFailures: [] });
  return new Map([...ofQueues, [count, [...onStream, largest]]]);
}

/** Puts copies into a queue that have been received once already, by somebody who then died. */
async function redeliver(station: Station, bodies: readonly string[]): Promise<void> {
  const { lambda, sqs } = courier.stage;
  await lambda.setSources(station.function, false);
  for (const body of bodies) await courier.putIntoQueue(station, body);
  for (const received = new Set<string>(); received.size < bodies.length; ) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: station.queueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 1 }),
    );
    for (const { MessageId = '' } of Messages) received.add(MessageId);
  }
  await lambda.setSources(station.function, true);
}

/** The envelopes of each tenth message. */
function copiesOfSome(ids: readonly string[]): Promise<string[]> {
  return Promise.all(ids.filter((_, index) => index % 10 === 0).map((id) => courier.ledger.envelope(id)));
}

/** How many of the messages ended how. */
async function statesOf(subscriber: string, ids: readonly string[]): Promise<Record<string, number>> {
  const states: Record<string, number> = {};
  const endings = await courier.ledger.endings(subscriber, ids);
  for (const { state } of endings.values()) states[state] = (states[state] ?? 0) + 1;
  return states;
}

/** A letter may have been sent twice, where the answer to its sending was lost. */
async function expectLetters(station: Station, poison: readonly Poison[]): Promise<void> {
  const said = new Set<string>();
  const sayings = async () => {
    for (const letter of await courier.letters(station)) {
      said.add([letter.sha256, letter.reason, letter.subscriber].join());
    }
    return [...said].sort();
  };
  const expected = poison.map(({ bytes, reason }) => [sha256(bytes), reason, station.name].join()).sort();
  await expect.poll(sayings, POLL).toEqual(expected);
  for (const { id, reason } of poison) {
    if (!id) continue;
    const row = await courier.ledger.inbox(station.name, id);
    // A message of another ledger leaves no row: this ledger's own may have the same id.
    if (reason === 'foreign-ledger') expect(row).toBeUndefined();
    else expect(row).toMatchObject({ state: 'dead', reason });
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { killWorkers } from '../../demo/worker-process.ts';
import { type Letter, sha256 } from './dead-letters.ts';
import { Courier, type Parcel, type Station } from './parcels/courier.ts';
import type { Call } from './wire-call.ts';
import { zipArchive } from './zip-archive.ts';

/** What is received comes back soon after its receiver has died. */
const SOON = { VisibilityTimeout: '3' };
/** Longer than a function may run, as AWS wants it: nothing comes back while it is being handled. */
const AFTER_TIMEOUT = { VisibilityTimeout: '6' };
const POLL = { timeout: 120_000, interval: 100 };
/** Milliseconds without a call that say that all is done, once what was killed has come again. */
const SILENCE = 500;

let courier: Courier;

beforeAll(async () => {
  courier = await Courier.deploy();
  for (const station of courier.stations) {
    await courier.setQueue(station, SOON);
    await courier.stage.lambda.runAlone(station.function);
  }
});

beforeEach(() => courier.setQueue(courier.stamp, SOON));

afterAll(() => courier?.stop());

function parcels(name: string, count: number, trouble?: Parcel['trouble']): Parcel[] {
  return Array.from({ length: count }, (_, index) => ({ parcelId: `${name}-${index}`, grams: 1, trouble }));
}

/** Has a subscriber find all these parcels in its queue at once, or on its stream. */
async function acceptAtOnce(station: Station, some: readonly Parcel[]): Promise<string[]> {
  const { stage, ledger, stamp } = courier;
  await stage.lambda.setSources(station.function, false);
  const ids = await courier.acceptAll(some);
  if (station === stamp) await expect.poll(() => courier.queued(station), POLL).toBe(some.length);
  else await expect.poll(async () => (await ledger.endings(stamp.name, ids)).size, POLL).toBe(some.length);
  await stage.lambda.setSources(station.function, true);
  return ids;
}

/** Each parcel took effect once at each subscriber, and nothing is dead. */
async function expectOnce(some: readonly Parcel[]): Promise<void> {
  const wanted = new Set(some.map(({ parcelId }) => parcelId));
  const effects = async () => (await courier.effects()).filter(({ parcelId }) => wanted.has(parcelId));
  await expect.poll(async () => (await effects()).length, POLL).toBe(3 * some.length);
  await courier.untilQuiet(SILENCE);
  expect((await effects()).filter(({ times }) => times !== 1)).toEqual([]);
  for (const station of courier.stations) expect(await courier.letters(station)).toEqual([]);
}

/** Takes the n-th call of that operation by that function. */
function nth(count: number, by: string, operation: string): (call: Call) => boolean {
  let left = count;
  return (call) => call.by === by && call.operation === operation && --left === 0;
}

/** Until a function has made such a call about a message twice: what was killed has come again. */
async function untilAgain(id: string, by: string, operation?: string): Promise<void> {
  const isMeant = (call: Call) =>
    call.by === by && (!operation || call.operation === operation) && JSON.stringify(call.input).includes(id);
  await expect.poll(() => courier.wire.count(isMeant), POLL).toBeGreaterThanOrEqual(2);
}

/** The id of the message that a consumer's transaction ends. */
function endedBy({ input }: Call): string {
  const [inbox] = input.TransactItems as [{ Put: { Item: { sk: { S: string } } } }];
  return inbox.Put.Item.sk.S;
}

const CONSUMERS = [
  ['stamp', 'queue'],
  ['count', 'stream'],
] as const;

test.each(CONSUMERS)('%s: a consumer of a %s killed before it commits loses nothing', async (which) => {
  const { wire, stage, ledger, [which]: station } = courier;
  const some = parcels(`before-${which}`, 10);
  const held = wire.hold(nth(4, station.name, 'TransactWriteItems'));
  await acceptAtOnce(station, some);
  const commit = await held;
  expect(await ledger.inbox(station.name, endedBy(commit))).toBeUndefined();
  killWorkers(stage.engine.pid, station.function);
  commit.cut();
  await untilAgain(endedBy(commit), station.name);
  await expectOnce(some);
});

test.each(CONSUMERS)('%s: a consumer of a %s killed after its commit doubles nothing', async (which) => {
  const { wire, stage, ledger, [which]: station } = courier;
  const some = parcels(`after-${which}`, 10);
  const held = wire.hold(nth(4, station.name, 'TransactWriteItems'));
  await acceptAtOnce(station, some);
  const commit = await held;
  await commit.forward();
  killWorkers(stage.engine.pid, station.function);
  commit.cut();
  const first = await ledger.inbox(station.name, endedBy(commit));
  await untilAgain(endedBy(commit), station.name);
  await expectOnce(some);
  expect(first).toMatchObject({ state: 'handled', attempts: 1 });
  expect(await ledger.inbox(station.name, endedBy(commit))).toEqual(first);
});

test('a consumer killed between its commits and its return doubles nothing', async () => {
  const { stage, stamp, ledger } = courier;
  const some = [...parcels('committed', 9), ...parcels('hanging', 1, 'hangs')];
  const ids = await acceptAtOnce(stamp, some);
  await expect.poll(async () => (await ledger.endings(stamp.name, ids)).size, POLL).toBeGreaterThanOrEqual(9);
  killWorkers(stage.engine.pid, stamp.function);
  await expectOnce(some);
});

test.each([
  ['after the copies were sent, before the receipt', 'PutItem'],
  ['after a batch of copies was sent, before it hears of it', 'SendMessageBatch'],
])('a relay killed %s loses and doubles nothing', async (_, operation) => {
  const { wire, stage, relay } = courier;
  const some = parcels(`relay-${operation}`, 10);
  await stage.lambda.setSources(relay, false);
  const [id = ''] = await courier.acceptAll(some);
  const held = wire.hold(nth(1, 'relay', operation));
  await stage.lambda.setSources(relay, true);
  const call = await held;
  if (operation === 'SendMessageBatch') await call.forward();
  killWorkers(stage.engine.pid, relay);
  call.cut();
  await untilAgain(id, 'relay', 'SendMessageBatch');
  await expectOnce(some);
});

test('a relay that gives up on a batch gets it again, loses and doubles nothing', async () => {
  const { wire, stage, relay } = courier;
  const some = parcels('refused', 10);
  await stage.lambda.setSources(relay, false);
  const [id = ''] = await courier.acceptAll(some);
  let refusals = 0;
  // More often than the relay tries within an invocation; the batch's first entry fails each time.
  wire.plan = ({ by, operation }) =>
    by === 'relay' && operation === 'SendMessageBatch' && refusals++ < 6 ? 'partial' : undefined;
  await stage.lambda.setSources(relay, true);
  await expectOnce(some);
  wire.plan = () => undefined;
  const invocations = new Set(sentBodies(id).map((body) => JSON.parse(body).relayed));
  expect(invocations.size).toBeGreaterThanOrEqual(2);
});

test('a handler that blocks its process until Lambda ends it holds back its batch, and loses nothing', async () => {
  const { stamp, ledger } = courier;
  await courier.setQueue(stamp, AFTER_TIMEOUT);
  const some = [...parcels('mate', 4), ...parcels('blocking', 1, 'blocks')];
  const ids = await acceptAtOnce(stamp, some);
  await expectOnce(some);
  expect(await ledger.inbox(stamp.name, ids.at(-1) ?? '')).toMatchObject({ state: 'handled', attempts: 2 });
});

test('a handler that never returns is reported alone, and its batch goes on', async () => {
  const { stamp, ledger } = courier;
  await courier.setQueue(stamp, AFTER_TIMEOUT);
  const some = [...parcels('companion', 4), ...parcels('endless', 1, 'hangs')];
  const ids = await acceptAtOnce(stamp, some);
  await expectOnce(some);
  const attempts = [...(await ledger.endings(stamp.name, ids))].map(([id, row]) => [id, row.attempts]);
  expect(Object.fromEntries(attempts)).toEqual(Object.fromEntries(ids.map((id, index) => [id, index === 4 ? 2 : 1])));
});

test('messages survive a function that cannot even be loaded, until its code is mended', async () => {
  const { stage, stamp } = courier;
  const code = await stage.lambda.code(stamp.function);
  await stage.lambda.setCode(stamp.function, zipArchive('index.mjs', "throw new Error('cannot be loaded');\n"));
  const some = parcels('unloaded', 5);
  await courier.acceptAll(some);
  const received = async () => {
    const names = ['ApproximateNumberOfMessagesNotVisible' as const];
    const reply = await stage.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: stamp.queueUrl, AttributeNames: names }),
    );
    return Number(reply.Attributes?.ApproximateNumberOfMessagesNotVisible);
  };
  await expect.poll(received, POLL).toBe(some.length);
  await stage.lambda.setCode(stamp.function, code);
  await expectOnce(some);
});

test('a message whose function always crashes is recorded as dead, with its bytes', async () => {
  const { stage, stamp, ledger } = courier;
  const names = ['RedrivePolicy' as const];
  const reply = await stage.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: stamp.queueUrl, AttributeNames: names }),
  );
  const policy = JSON.parse(reply.Attributes?.RedrivePolicy ?? '{}');
  expect(policy).toMatchObject({ maxReceiveCount: 100 });
  const RedrivePolicy = (maxReceiveCount: number) => JSON.stringify({ ...policy, maxReceiveCount });
  await courier.setQueue(stamp, { RedrivePolicy: RedrivePolicy(2), VisibilityTimeout: '1' });

  const id = await courier.accept({ parcelId: 'crash', grams: 1, trouble: 'crashes' });
  const letters = await nextLetters(stamp);
  await courier.setQueue(stamp, { RedrivePolicy: RedrivePolicy(100) });
  const reason = 'receives-exhausted';
  expect(letters).toMatchObject([
    { reason, messageId: id, subscriber: stamp.name, sha256: sha256(sentBodies(id)[0] ?? '') },
  ]);
  expect(await ledger.inbox(stamp.name, id)).toMatchObject({ state: 'dead', reason });
});

test('a dead letter that is put back takes effect once, however often it is put back', async () => {
  const { stage, stamp, ledger } = courier;
  const parcel: Parcel = { parcelId: 'unwanted', grams: 1, trouble: 'unwanted' };
  const id = await courier.accept(parcel);
  const [letter, ...others] = await nextLetters(stamp);
  expect(others).toEqual([]);
  expect(letter).toMatchObject({ reason: 'rejected', messageId: id });
  expect(await ledger.inbox(stamp.name, id)).toMatchObject({ state: 'dead', reason: 'rejected' });

  await stage.lambda.setVariables(stamp.function, { ACCEPTS_ALL: 'yes' });
  await courier.putIntoQueue(stamp, letter?.body ?? '', letter);
  await expectOnce([parcel]);
  const ended = await ledger.inbox(stamp.name, id);
  expect(ended).toMatchObject({ state: 'handled' });

  await courier.putIntoQueue(stamp, letter?.body ?? '', letter);
  await expectOnce([parcel]);
  expect(await ledger.inbox(stamp.name, id)).toEqual(ended);
});

/** The letters in a subscriber's dead-letter queue, once there are any. */
async function nextLetters(station: Station): Promise<Letter[]> {
  for (;;) {
    const letters = await courier.letters(station);
    if (letters.length > 0) return letters;
    await sleep(100);
  }
}

/** What the relay sent to queues for a message, over and over. */
function sentBodies(id: string): string[] {
  const batches = courier.wire.calls.filter(({ operation }) => operation === 'SendMessageBatch');
  const entries = batches.flatMap(({ input }) => input.Entries as readonly { MessageBody: string }[]);
  return entries.map(({ MessageBody }) => MessageBody).filter((body) => body.includes(id));
}

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { ListSchedulesCommand } from '@aws-sdk/client-scheduler';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BINDINGS, type TableItem, tableBinding } from 'waybill';
import { cancel, type Environment, producer, publish } from 'waybill/runtime';
import { bindingsOf } from '../../lib/aws/bindings.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { dueKey } from '../../lib/ledger/rows/due.ts';
import { type OutboxRow, outboxRow } from '../../lib/ledger/rows/outbox.ts';
import { createEnvelope, type Envelope } from '../../lib/message/envelope.ts';
import { putToWait } from '../../lib/relay/schedule.ts';
import { LedgerReader } from './ledger-reader.ts';
import { ChartBell, COMMITTED, Effects, ReminderDue, RingAlarm, RingBell } from './reminders/contract.ts';
import { type Stage, setStage } from './stage.ts';
import { readTable } from './table-reader.ts';

const PATIENCE = 120_000;
/** Milliseconds by which a message may be late where others load the machine too: the benchmark measures it alone. */
const TOLERANCE = 3_000;

/** Who expects a reminder of the ledger whose messages are swept. */
const BOTH = [RingBell.name, ChartBell.name];

let stage: Stage;
/** A producer on the ledger whose messages are swept, and what the relay of the other ledger knows. */
let environment: Environment;
let scheduling: Environment;
let ledger: LedgerReader;

beforeAll(async () => {
  stage = await setStage('reminders');
  const names = [BINDINGS.ledger, BINDINGS.shards, BINDINGS.forwardQueueUrl, BINDINGS.checkBackQueueUrl];
  const variables = Object.fromEntries(names.map((name) => [name, stage.output(name)]));
  environment = stage.environment(variables);
  scheduling = stage.environment(await stage.lambda.variables(stage.output('scheduling relay')));
  ledger = new LedgerReader(stage, variables[BINDINGS.ledger] ?? '');
});

afterAll(() => stage?.stop());

async function effectsOf(reminderId: string): Promise<TableItem<typeof Effects>[]> {
  const rows = await readTable<TableItem<typeof Effects>>(stage, stage.output(tableBinding(Effects.name)));
  return rows.filter((row) => row.reminderId === reminderId);
}

async function timesOf(reminderId: string): Promise<Record<string, number>> {
  return Object.fromEntries((await effectsOf(reminderId)).map(({ subscriber, times }) => [subscriber, times]));
}

/** Waits until something is as it should be. Tests beside each other cannot share `expect.poll`. */
async function eventually<Value>(read: () => Promise<Value>, isThere: (value: Value) => boolean, pause = 100) {
  const end = performance.now() + PATIENCE;
  let value = await read();
  while (!isThere(value) && performance.now() < end) {
    await sleep(pause);
    value = await read();
  }
  return value;
}

/** Waits until a reminder took effect at every subscriber, and looks again after a while. */
async function takesEffectOnce(reminderId: string, subscribers: readonly string[]): Promise<void> {
  await eventually(
    () => timesOf(reminderId),
    (times) => subscribers.every((subscriber) => times[subscriber]),
  );
  await sleep(1_000);
  expect(await timesOf(reminderId)).toEqual(Object.fromEntries(subscribers.map((subscriber) => [subscriber, 1])));
}

async function inItsMoment(reminderId: string, moment: number): Promise<void> {
  for (const { subscriber, at } of await effectsOf(reminderId)) {
    expect(at, subscriber).toBeGreaterThanOrEqual(moment);
    expect(at, subscriber).toBeLessThanOrEqual(moment + TOLERANCE);
  }
}

function envelopeOf(to: Environment, reminderId: string, deliverAt: number): Envelope {
  const { ledger: id, shards } = bindingsOf(to);
  const context = { now: Date.now(), random: randomBytes, shards, ledger: id, publisher: 'test', deliverAt };
  return createEnvelope(ReminderDue, { reminderId }, context);
}

async function put(to: Environment, row: object): Promise<void> {
  await stage.dynamodb.send(new PutItemCommand({ TableName: bindingsOf(to).ledger, Item: marshall(row) }));
}

/** A message that nobody sends yet, as long ago as its row says. */
function putUnsent(to: Environment, envelope: Envelope): Promise<void> {
  return put(to, { ...outboxRow(envelope), sending: 'sent' } satisfies OutboxRow);
}

test('a message that is sent by handshake takes effect once', async () => {
  const receipt = await producer.send(ReminderDue, { reminderId: 'sent' }, { environment });

  expect(receipt.state).toBe('sent');
  await takesEffectOnce('sent', BOTH);
});

test('a delayed message takes effect in its moment, from a queue and from a stream, and never early', async () => {
  const deliverAt = Date.now() + 3_200;
  await publish(ReminderDue, { reminderId: 'delayed' }, { environment, deliverAt: new Date(deliverAt) });

  await takesEffectOnce('delayed', BOTH);
  await inItsMoment('delayed', deliverAt);
});

test('a message that is due soon is swept, and takes effect in its moment', async () => {
  const deliverAt = Date.now() + 3_200;
  const envelope = envelopeOf(environment, 'swept', deliverAt);
  await putUnsent(environment, envelope);
  await put(environment, { ...dueKey(envelope.id, deliverAt), ttl: Math.ceil(deliverAt / 1000) + 86_400 });
  await stage.lambda.invoke(stage.output('sweep'), {});

  await takesEffectOnce('swept', BOTH);
  await inItsMoment('swept', deliverAt);
});

describe.concurrent('beside each other', () => {
  test('what is due much later lies in the ledger as a row for the sweep', async () => {
    const deliverAt = new Date(Date.now() + 3_600_000);
    const { id } = await publish(ReminderDue, { reminderId: 'far' }, { environment, deliverAt });

    const Key = marshall({ ...dueKey(id, deliverAt.getTime()) });
    const read = new GetItemCommand({ TableName: stage.output(BINDINGS.ledger), Key, ConsistentRead: true });
    const row = await eventually(async () => (await stage.dynamodb.send(read)).Item, Boolean);
    expect(row).toBeDefined();
    expect(await timesOf('far')).toEqual({});
  });

  test('what a producer left pending that died before its send, the reconciler sends, and it takes effect once', async () => {
    const dead = { ...environment, sqs: { send: () => new Promise<never>(() => undefined) } };
    const receipt = await producer.send(ReminderDue, { reminderId: 'pending' }, { environment: dead, within: '1s' });
    expect(receipt.state).toBe('pending');

    const reconciled = async () => {
      await stage.lambda.invoke(stage.output('reconciler'), {});
      return timesOf('pending');
    };
    await eventually(reconciled, (times) => Object.keys(times).length === BOTH.length, 1_000);
    await takesEffectOnce('pending', BOTH);
  });

  test('a half message takes effect once it is committed, and never when it is rolled back', async () => {
    const prepare = (reminderId: string) =>
      producer.prepare(ReminderDue, { reminderId }, { environment, transactionId: `open-${reminderId}` });
    const [kept, given] = await Promise.all([prepare('kept'), prepare('given up')]);
    await given.rollback();
    await sleep(500);
    expect(await timesOf('kept')).toEqual({});
    await kept.commit();

    await takesEffectOnce('kept', BOTH);
    await expect(given.commit()).rejects.toMatchObject({ code: 'half-message-decided' });
    expect(await timesOf('given up')).toEqual({});
  });

  test('a half message that its producer forgot is decided by whoever knows what became of it, after 6 s', async () => {
    const prepared = Date.now();
    const transactionId = `${COMMITTED}by-somebody-who-died`;
    await producer.prepare(ReminderDue, { reminderId: 'asked for' }, { environment, transactionId });

    await takesEffectOnce('asked for', BOTH);
    for (const { at } of await effectsOf('asked for')) expect(at - prepared).toBeGreaterThanOrEqual(6_000);
  });

  test('a delayed message that is taken back never takes effect, though it is on its way', async () => {
    const { id } = await publish(ReminderDue, { reminderId: 'taken back' }, { environment, delay: '3s' });
    await sleep(1_000);
    expect(await cancel(id, { environment })).toMatchObject({ cancelled: true });

    await sleep(4_000);
    expect(await timesOf('taken back')).toEqual({});
    expect((await ledger.inbox(RingBell.name, id))?.state).toBe('cancelled');
  });

  test('a message that is due much later has a schedule of its own, where the ledger says so', async () => {
    const { id } = await publish(ReminderDue, { reminderId: 'far' }, { environment: scheduling, delay: '1h' });

    const GroupName = scheduling.variables[BINDINGS.scheduleGroup];
    const names = async () => {
      const { Schedules = [] } = await stage.scheduler.send(new ListSchedulesCommand({ GroupName }));
      return Schedules.map(({ Name }) => Name);
    };
    expect(await eventually(names, (some) => some.includes(id))).toContain(id);
  });

  test('a schedule fires into the forward queue, and its message takes effect once, in its moment', async () => {
    const deliverAt = Date.now() + 15_000;
    const envelope = envelopeOf(scheduling, 'scheduled', deliverAt);
    await putUnsent(scheduling, envelope);
    // Two minutes before the moment: it fires as soon as the engine looks.
    await putToWait(ledgerOf(scheduling), [envelope]);

    await takesEffectOnce('scheduled', [RingAlarm.name]);
    await inItsMoment('scheduled', deliverAt);
  });
});

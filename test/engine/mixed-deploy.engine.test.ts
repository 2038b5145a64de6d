import { setTimeout as sleep } from 'node:timers/promises';
import { GetQueueAttributesCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BINDINGS, type TableItem, tableBinding } from 'waybill';
import { type Environment, publish } from 'waybill/runtime';
import { readLetters } from './dead-letters.ts';
import { LedgerReader } from './ledger-reader.ts';
import { ChartParcelV1, LoadParcelV1, ParcelWeighedV1, ParcelWeighedV2, Weights } from './mixed/contract.ts';
import { type Stage, setStage } from './stage.ts';
import { readTable } from './table-reader.ts';

type Weight = TableItem<typeof Weights>;

const POLL = { timeout: 120_000, interval: 200 };
const SUBSCRIBERS = [LoadParcelV1.name, ChartParcelV1.name];

let stage: Stage;
let producer: Environment;
/** Ids of the messages by parcel. */
const sent = new Map<string, string>();

beforeAll(async () => {
  stage = await setStage('mixed', { context: { consumers: '1' } });
  const names = [BINDINGS.ledger, BINDINGS.shards];
  producer = stage.environment(Object.fromEntries(names.map((name) => [name, stage.output(name)])));
  // A function that is replaced while it works leaves its messages to their visibility timeout.
  for (const name of SUBSCRIBERS) {
    const QueueUrl = stage.output(`${name}-queue`);
    await stage.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: '6' } }));
  }
});

afterAll(() => stage?.stop());

async function sendOld(parcelId: string): Promise<void> {
  const { id } = await publish(ParcelWeighedV1, { parcelId, kilograms: 2 }, { environment: producer });
  sent.set(parcelId, id);
}

async function sendNew(parcelId: string): Promise<void> {
  const { id } = await publish(ParcelWeighedV2, { parcelId, grams: 2_000 }, { environment: producer });
  sent.set(parcelId, id);
}

async function weights(): Promise<Weight[]> {
  return readTable<Weight>(stage, stage.output(tableBinding(Weights.name)));
}

/** Messages that a subscriber has received, and will again. */
async function waiting(subscriber: string): Promise<number> {
  const names = ['', 'NotVisible', 'Delayed'].map((which) => `ApproximateNumberOfMessages${which}` as const);
  const { Attributes = {} } = await stage.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: stage.output(`${subscriber}-queue`), AttributeNames: ['All'] }),
  );
  return names.reduce((sum, name) => sum + Number(Attributes[name as keyof typeof Attributes] ?? 0), 0);
}

test('while old and new versions are in flight, every message is handled once and none is dead-lettered', async () => {
  await sendOld('old to old');
  await expect.poll(weights, POLL).toHaveLength(2);

  // The new producer is ahead of the consumers: its messages wait, and nothing counts against them.
  for (const name of ['new to old 1', 'new to old 2', 'new to old 3']) await sendNew(name);
  for (const subscriber of SUBSCRIBERS) await expect.poll(() => waiting(subscriber), POLL).toBe(3);
  await sendOld('old behind new');
  await expect.poll(weights, POLL).toHaveLength(4);

  let deployed = false;
  const deploy = stage.deploy({ context: { consumers: '2' } }).finally(() => {
    deployed = true;
  });
  for (let round = 1; !deployed; round++) {
    await sendOld(`old while deploying ${round}`);
    await sendNew(`new while deploying ${round}`);
    await sleep(500);
  }
  await deploy;
  await sendOld('old to new');
  await sendNew('new to new');

  await expect.poll(async () => (await weights()).length, POLL).toBe(2 * sent.size);
  for (const subscriber of SUBSCRIBERS) await expect.poll(() => waiting(subscriber), POLL).toBe(0);
  const ended = await weights();
  expect(ended.filter(({ times, grams }) => times !== 1 || grams !== 2_000)).toEqual([]);
  expect(ended).toHaveLength(2 * sent.size);

  const ledger = new LedgerReader(stage, stage.output(BINDINGS.ledger));
  for (const subscriber of SUBSCRIBERS) {
    const knew = new Map(ended.filter((row) => row.subscriber === subscriber).map((row) => [row.parcelId, row.knows]));
    expect(knew.get('old behind new')).toBe(1);
    for (const name of ['new to old 1', 'old to new', 'new to new']) expect(knew.get(name)).toBe(2);
    expect(await readLetters(stage, stage.output(`${subscriber}-dead-letters`))).toEqual([]);
    for (const [parcel, id] of sent) {
      expect([parcel, await ledger.inbox(subscriber, id)]).toMatchObject([parcel, { state: 'handled' }]);
      // What waited for the new version has a failure row, and no failed attempt.
      expect([parcel, (await ledger.failure(subscriber, id))?.attempts ?? 0]).toEqual([parcel, 0]);
    }
    // Received more often than a message may fail.
    const { attempts } = (await ledger.inbox(subscriber, sent.get('new to old 1') ?? '')) ?? {};
    expect(attempts).toBeGreaterThan(LoadParcelV1.retry.attempts);
  }
});

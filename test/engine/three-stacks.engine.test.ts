import { afterAll, beforeAll, expect, test } from 'vitest';
import { BINDINGS, type TableItem, tableBinding } from 'waybill';
import { type Environment, publish } from 'waybill/runtime';
import { readReceipt } from '../../lib/ledger/receipt.ts';
import type { ReceiptRow } from '../../lib/ledger/rows/receipt.ts';
import { messageTime } from '../../lib/message/message-id.ts';
import { LedgerReader } from './ledger-reader.ts';
import { type Stage, setStage } from './stage.ts';
import { readTable } from './table-reader.ts';
import {
  ArchiveParcel,
  Effects,
  NotifyReceiver,
  ParcelArrived,
  SortParcel,
  TrackParcel,
} from './three-stacks/contract.ts';

const POLL = { timeout: 120_000, interval: 200 };

let stage: Stage;
let producer: Environment;
let ledger: LedgerReader;

beforeAll(async () => {
  stage = await setStage('three-stacks', { stacks: ['Sorting', 'Service'] });
  const names = [BINDINGS.ledger, BINDINGS.shards];
  producer = stage.environment(Object.fromEntries(names.map((name) => [name, stage.output(name)])));
  ledger = new LedgerReader(stage, stage.output(BINDINGS.ledger));
});

afterAll(() => stage?.stop());

/** Returns the message's id. */
async function arrive(parcelId: string): Promise<string> {
  const { id } = await publish(ParcelArrived, { parcelId }, { environment: producer });
  return id;
}

/** Where the relay's receipts say that it sent a message. */
async function receiptsOf(id: string): Promise<string[]> {
  const rows = await readTable<Partial<ReceiptRow>>(stage, stage.output(BINDINGS.ledger));
  const receipts = rows.flatMap(({ sent }) => (sent ? readReceipt({ sent }) : []));
  return [...new Set(receipts.flatMap(({ to, ids }) => (ids.includes(id) ? [to] : [])))].sort();
}

/** Where a parcel took effect, and how often. */
async function effectsOf(parcelId: string): Promise<Record<string, number>> {
  const rows = await readTable<TableItem<typeof Effects>>(stage, stage.output(tableBinding(Effects.name)));
  const own = rows.filter((row) => row.parcelId === parcelId);
  return Object.fromEntries(own.map(({ subscriber, times }) => [subscriber, times]));
}

async function routeOf({ name }: { readonly name: string }) {
  return (await ledger.routes(ParcelArrived.type)).find(({ subscriber }) => subscriber === name);
}

test('a message reaches subscribers whose stacks are not the ledger’s nor the channel’s', async () => {
  await arrive('first');
  await expect
    .poll(() => effectsOf('first'), POLL)
    .toEqual({ [SortParcel.name]: 1, [NotifyReceiver.name]: 1, [TrackParcel.name]: 1 });
});

test('so does one that is delayed, though the forwarder and the stream have stacks of their own', async () => {
  const { id } = await publish(ParcelArrived, { parcelId: 'delayed' }, { environment: producer, delay: '2s' });
  await expect
    .poll(() => effectsOf('delayed'), POLL)
    .toEqual({ [SortParcel.name]: 1, [NotifyReceiver.name]: 1, [TrackParcel.name]: 1 });
  expect((await ledger.inbox(TrackParcel.name, id))?.hops.ended).toBeGreaterThanOrEqual(messageTime(id) + 2_000);
});

test('a subscriber whose stack is destroyed holds up nobody, not even by what was committed before', async () => {
  const relay = stage.output('relay');
  await stage.lambda.setSources(relay, false);
  const before = await arrive('before the end');
  const destroying = Date.now();
  await stage.destroy(['Sorting']);
  const until = (await routeOf(SortParcel))?.until ?? 0;
  expect(until).toBeGreaterThanOrEqual(destroying);
  expect(until).toBeLessThanOrEqual(Date.now());

  const after = await arrive('after the end');
  await stage.lambda.setSources(relay, true);
  for (const parcel of ['before the end', 'after the end']) {
    await expect.poll(() => effectsOf(parcel), POLL).toEqual({ [NotifyReceiver.name]: 1, [TrackParcel.name]: 1 });
  }
  // A batch that it could not finish would come again for ever, and have no receipt.
  for (const id of [before, after]) {
    await expect.poll(() => receiptsOf(id), POLL).toEqual([NotifyReceiver.name, stage.output('stream')].sort());
  }
  for (const staying of [NotifyReceiver, TrackParcel]) expect(await routeOf(staying)).not.toHaveProperty('until');
});

test('a subscriber that is added later gets what is committed from then on, and nothing older', async () => {
  const deploying = Date.now();
  await stage.deploy({ stacks: ['Archives'] });
  const since = (await routeOf(ArchiveParcel))?.since ?? 0;
  expect(since).toBeGreaterThan(deploying);
  expect(since).toBeLessThanOrEqual(Date.now());

  await arrive('late');
  const everybody = { [NotifyReceiver.name]: 1, [TrackParcel.name]: 1, [ArchiveParcel.name]: 1 };
  await expect.poll(() => effectsOf('late'), POLL).toEqual(everybody);
  for (const older of ['first', 'before the end', 'after the end']) {
    expect(await effectsOf(older)).not.toHaveProperty(ArchiveParcel.name);
  }
});

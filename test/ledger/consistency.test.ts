import { expect, test } from 'vitest';
import { readCircuit } from '../../lib/ledger/circuit.ts';
import { deadOf } from '../../lib/ledger/dead.ts';
import { effectsCalled, effectsOf, readEffect, readEffects } from '../../lib/ledger/effect.ts';
import { endsLately, isCommitted } from '../../lib/ledger/ends.ts';
import { parkedAt, readFence, readFirstParked, readParked } from '../../lib/ledger/fence.ts';
import { learnFormat, readFormat, startFormat } from '../../lib/ledger/format.ts';
import { readGraph } from '../../lib/ledger/graph.ts';
import { readHalf } from '../../lib/ledger/half.ts';
import { readHighWater } from '../../lib/ledger/high-water.ts';
import { readInbox } from '../../lib/ledger/inbox.ts';
import { type Ledger, ledgerOf } from '../../lib/ledger/ledger.ts';
import { readMinted } from '../../lib/ledger/minted-shards.ts';
import { readOutbox } from '../../lib/ledger/outbox.ts';
import { readRedrive, runningRedrives } from '../../lib/ledger/redrive.ts';
import { readRoutes } from '../../lib/ledger/route-book.ts';
import { readHistory, readScale } from '../../lib/ledger/scale.ts';
import { tellingShards, withEveryShard } from '../../lib/ledger/shards.ts';
import { FAKE_NOW, fakeEnvironment } from '../aws/fake-environment.ts';

const ID = '019b76da-a805-76f6-830a-8f1756e016b8';

interface Read {
  readonly read: (ledger: Ledger) => unknown;
  /** Why the next one may say less than is there; consistent where nothing is said. */
  readonly eventual?: string;
}

const all = async (pages: AsyncIterable<unknown>) => {
  for await (const _ of pages);
};

/** What can be read of the ledger by name. A read is consistent unless it says why not. */
const reads: Readonly<Record<string, Read>> = {
  'a circuit': { read: (ledger) => readCircuit(ledger, 'payment') },
  'what is dead': {
    read: (ledger) => all(deadOf(ledger, 'payment')),
    eventual: 'what has just died is for the next redrive',
  },
  'the effects of a message': { read: (ledger) => readEffects(ledger, 'payment', ID) },
  'an effect': {
    read: (ledger) => readEffect(ledger, { key: { pk: 'effect#a', sk: 'b' }, attribute: 'effect:charge' }),
  },
  'the effects of a message, shared ones too': { read: (ledger) => effectsOf(ledger, 'payment', ID) },
  'the effects that a producer has called': { read: (ledger) => effectsCalled(ledger, 'till', 'order-1') },
  'what has ended lately': {
    read: (ledger) => endsLately(ledger, 'payment', FAKE_NOW),
    eventual: 'a circuit looks again in a moment',
  },
  'whether something was committed': {
    read: (ledger) => isCommitted(ledger, new Set(['order.placed']), { from: FAKE_NOW - 1, to: FAKE_NOW }),
    eventual: 'a circuit looks again in a moment',
  },
  'a fence': { read: (ledger) => readFence(ledger, 'payment', 'a') },
  'what is parked under a number': { read: (ledger) => readParked(ledger, 'payment', 'a', 1) },
  'the first that is parked': { read: (ledger) => readFirstParked(ledger, 'payment', 'a') },
  'all that is parked': { read: (ledger) => all(parkedAt(ledger, 'payment', 'a')) },
  'the format, to turn it': { read: readFormat },
  'the format, to write in it': { read: learnFormat, eventual: 'a copy of it is kept for minutes' },
  'whether anybody has ever expected anything': { read: startFormat },
  'all routes': { read: readGraph },
  'the routes of a type': { read: (ledger) => readRoutes(ledger, 'order.placed') },
  'a half message': { read: (ledger) => readHalf(ledger, ID).catch(() => undefined) },
  'how far a subscriber has come': { read: (ledger) => readHighWater(ledger, 'payment') },
  'how a message ended': { read: (ledger) => readInbox(ledger, 'payment', ID) },
  'the shards that ids are minted for': { read: readMinted },
  'a committed message': { read: (ledger) => readOutbox(ledger, ID) },
  'a redrive': { read: (ledger) => readRedrive(ledger, 'payment', ID) },
  'all redrives that are under way': { read: runningRedrives },
  'how a subscriber is scaled': { read: (ledger) => readScale(ledger, 'payment') },
  'what a forecast rests on': { read: (ledger) => readHistory(ledger, 'payment') },
  'the shards, to tell them': { read: tellingShards },
  'the shards, to read them all': { read: withEveryShard },
};

test.each(Object.entries(reads))('%s is read consistently, or not for a reason', async (_name, { read, eventual }) => {
  const environment = fakeEnvironment();
  await read(ledgerOf(environment));
  const asked = environment.calls.filter(({ operation }) => operation === 'GetItem' || operation === 'Query');
  const consistent = asked.map(({ input }) => (input as { ConsistentRead?: boolean }).ConsistentRead ?? false);
  expect(new Set(consistent)).toEqual(new Set([eventual === undefined]));
});

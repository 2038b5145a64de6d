import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it, test } from 'vitest';
import { effectsTombstone, moveEffect, takeEffect } from '../../lib/ledger/effect.ts';
import { startFormat, turnFormat } from '../../lib/ledger/format.ts';
import { markAsked, markUnanswered, putHalf, tombstone } from '../../lib/ledger/half.ts';
import { HighWater } from '../../lib/ledger/high-water.ts';
import { noteLateUse } from '../../lib/ledger/inbox.ts';
import { type Ledger, ledgerOf } from '../../lib/ledger/ledger.ts';
import { raiseMinted } from '../../lib/ledger/minted-shards.ts';
import { readRedrive, writeRedrive } from '../../lib/ledger/redrive.ts';
import { type EffectState, effectAttribute, effectsKey } from '../../lib/ledger/rows/effect.ts';
import { FORMATS } from '../../lib/ledger/rows/format.ts';
import { type HalfRow, halfKey } from '../../lib/ledger/rows/half.ts';
import { scaleKey } from '../../lib/ledger/rows/scale.ts';
import { MINTED_KEY } from '../../lib/ledger/rows/shards.ts';
import { markApplied, markSharded, writeScale } from '../../lib/ledger/scale.ts';
import { raiseTo } from '../../lib/ledger/shards.ts';
import type { Envelope } from '../../lib/message/envelope.ts';
import { MemoryStack } from '../../lib/testing/stack/memory-stack.ts';
import { redriveWorld } from '../redrive/redrive-world.ts';

describe('a redrive', () => {
  it('is moved on by one of two workers that read it alone', async () => {
    const world = redriveWorld();
    world.broken.add('card');
    await world.pay('card', 1);
    const { operation } = await world.redrive();
    const ledger = world.ledger();
    const read = await readRedrive(ledger, 'book', operation);
    if (!read) throw new Error('no redrive');
    expect(await writeRedrive(ledger, read, { owner: 'one' })).toMatchObject({ owner: 'one' });
    expect(await writeRedrive(ledger, read, { owner: 'two' })).toBeUndefined();
    expect(await readRedrive(ledger, 'book', operation)).toMatchObject({ owner: 'one' });
  });
});

const ID = '019b76da-a805-76f6-830a-8f1756e016b8';
const UNTIL = Number.MAX_SAFE_INTEGER;
const reading = (concurrency: number) => ({ concurrency, verdict: 'up', at: 0 }) as const;
const half = (row: Partial<HalfRow> = {}): HalfRow => ({
  ...halfKey(ID),
  state: 'prepared',
  transaction: 'one',
  envelope: '{}',
  checkBackQueue: 'https://sqs/check-back',
  ttl: 1,
  ...row,
});

type Write = (ledger: Ledger) => unknown;

const CHARGE = { key: effectsKey('payment', ID), attribute: effectAttribute('charge'), ttl: 1 };
const CHARGING: EffectState = { state: 'running', owner: 'one', generation: 0, since: 0, until: 1, input: 'any' };
const cancelEffects: Write = async (ledger) => {
  const put = effectsTombstone(ledger, 'payment', { id: ID, expires: '2027-01-01T00:00:00.000Z' } as Envelope);
  await ledger.environment.dynamodb.send(new PutItemCommand(put)).catch((error: Error) => {
    if (error.name !== 'ConditionalCheckFailedException') throw error;
  });
};

interface Overtaken {
  /** What was there, or was written first. */
  readonly first: readonly Write[];
  /** What changes nothing any more. */
  readonly late: readonly Write[];
  /** What still does. @default nothing */
  readonly next?: readonly Write[];
}

/** Writes on a condition: what of them has come too late, and what has not. */
const overtaken: Readonly<Record<string, Overtaken>> = {
  'the first reading of a scaler': {
    first: [(ledger) => writeScale(ledger, 'payment', undefined, reading(2))],
    late: [(ledger) => writeScale(ledger, 'payment', undefined, reading(3))],
    next: [(ledger) => writeScale(ledger, 'payment', { ...scaleKey('payment'), ...reading(2), rev: 1 }, reading(3))],
  },
  'a later reading': {
    first: [
      (ledger) => writeScale(ledger, 'payment', { ...scaleKey('payment'), ...reading(2), rev: 1 }, reading(3)),
      (ledger) => writeScale(ledger, 'payment', undefined, reading(2)),
      (ledger) => writeScale(ledger, 'payment', { ...scaleKey('payment'), ...reading(2), rev: 1 }, reading(3)),
    ],
    late: [(ledger) => writeScale(ledger, 'payment', { ...scaleKey('payment'), ...reading(2), rev: 1 }, reading(4))],
  },
  'that an event source is set': {
    first: [(ledger) => writeScale(ledger, 'payment', undefined, reading(2))],
    late: [(ledger) => markApplied(ledger, 'payment', { ...scaleKey('payment'), ...reading(3), rev: 1 })],
    next: [(ledger) => markApplied(ledger, 'payment', { ...scaleKey('payment'), ...reading(2), rev: 1 })],
  },
  'that a stream has its shards': {
    first: [(ledger) => writeScale(ledger, 'payment', undefined, { ...reading(2), shards: 4 })],
    late: [(ledger) => markSharded(ledger, 'payment', 2)],
    next: [(ledger) => markSharded(ledger, 'payment', 4)],
  },
  'the first growth of a ledger': {
    first: [(ledger) => raiseMinted(ledger, undefined, 32)],
    late: [(ledger) => raiseMinted(ledger, undefined, 64)],
    next: [(ledger) => raiseMinted(ledger, { ...MINTED_KEY, shards: 32, since: 0 }, 64)],
  },
  'a later growth': {
    first: [(ledger) => raiseMinted(ledger, undefined, 32)],
    late: [(ledger) => raiseMinted(ledger, { ...MINTED_KEY, shards: 16, since: 0 }, 64)],
  },
  'the shards that are told': {
    first: [(ledger) => raiseTo(ledger, 32)],
    late: [(ledger) => raiseTo(ledger, 16), (ledger) => raiseTo(ledger, 32)],
    next: [(ledger) => raiseTo(ledger, 64)],
  },
  'a half message that is there': {
    first: [(ledger) => putHalf(ledger, half(), UNTIL)],
    late: [(ledger) => putHalf(ledger, half({ transaction: 'two' }), UNTIL)],
    next: [(ledger) => markAsked(ledger, ID, UNTIL), (ledger) => tombstone(ledger, ID, UNTIL)],
  },
  'a half message that is not there': {
    first: [],
    late: [
      (ledger) => tombstone(ledger, ID, UNTIL),
      (ledger) => markAsked(ledger, ID, UNTIL),
      (ledger) => markUnanswered(ledger, ID, UNTIL),
    ],
  },
  'a half message that somebody has decided': {
    first: [(ledger) => putHalf(ledger, half({ state: 'committed', message: ID }), UNTIL)],
    late: [
      (ledger) => tombstone(ledger, ID, UNTIL),
      (ledger) => markAsked(ledger, ID, UNTIL),
      (ledger) => markUnanswered(ledger, ID, UNTIL),
    ],
  },
  'the late use of a transaction whose message has no end': {
    first: [],
    late: [(ledger) => noteLateUse(ledger, 'payment', ID)],
  },
  'the first format': {
    first: [(ledger) => turnFormat(ledger, FORMATS.packed)],
    late: [startFormat],
    next: [(ledger) => turnFormat(ledger, FORMATS.compressed)],
  },
  'that a message is cancelled of which an effect has begun': {
    first: [(ledger) => takeEffect(ledger, CHARGE, CHARGING)],
    late: [cancelEffects],
  },
  'that a message is cancelled of which an effect was given back': {
    first: [
      (ledger) => takeEffect(ledger, CHARGE, CHARGING),
      (ledger) => moveEffect(ledger, CHARGE, CHARGING, undefined),
    ],
    late: [],
    next: [cancelEffects],
  },
  'that a message is cancelled of which nothing has begun': {
    first: [],
    late: [],
    next: [cancelEffects],
  },
  'how far a subscriber has come': {
    first: [markOf(5)],
    late: [markOf(4), markOf(5)],
    next: [markOf(6)],
  },
};

test.each(Object.entries(overtaken))(
  '%s: what comes too late changes nothing',
  async (_name, { first, late, next = [] }) => {
    const stack = new MemoryStack();
    const ledger = ledgerOf(stack.environment());
    for (const write of first) await write(ledger);
    const before = stack.ledger.items();
    for (const write of late) {
      await write(ledger);
      expect(stack.ledger.items()).toEqual(before);
    }
    for (const write of next) {
      const unchanged = stack.ledger.items();
      await write(ledger);
      expect(stack.ledger.items()).not.toEqual(unchanged);
    }
  },
);

function markOf(mark: number): Write {
  return (ledger) => {
    const highWater = new HighWater();
    highWater.note('payment', mark);
    return highWater.write(ledger);
  };
}

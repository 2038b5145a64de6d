import fc from 'fast-check';
import { validate, version } from 'uuid';
import { describe, expect, it, vi } from 'vitest';
import { InvalidDefinition, MalformedMessage } from '../../lib/contract/errors.ts';
import { outboxKey } from '../../lib/ledger/rows/outbox.ts';
import { isMessageId, keyShard, messageShard, messageTime, mintMessageId } from '../../lib/message/message-id.ts';
import { businessKeys, messageIds, moments, NOON, seededRandom, shardCounts, thrownBy } from './samples.ts';

const random = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe('a message id', () => {
  it('is a UUIDv7 of RFC 9562: any library takes it for one', () => {
    fc.assert(
      fc.property(messageIds, (id) => {
        expect(validate(id)).toBe(true);
        expect(version(id)).toBe(7);
        const variant = Number.parseInt(id.charAt(19), 16) >> 2;
        expect(variant).toBe(0b10);
        expect(isMessageId(id)).toBe(true);
      }),
    );
  });

  it('gives its moment back exactly', () => {
    fc.assert(
      fc.property(moments, random, businessKeys, shardCounts, (now, bytes, key, shards) => {
        expect(messageTime(mintMessageId({ now, random: bytes, key, shards }))).toBe(now);
      }),
    );
  });

  it('gives its shard back exactly: that of its business key in the ledger as it was then', () => {
    fc.assert(
      fc.property(moments, random, businessKeys, shardCounts, (now, bytes, key, shards) => {
        const shard = messageShard(mintMessageId({ now, random: bytes, key, shards }));
        expect(shard).toBe(keyShard(key, shards));
        expect(shard).toBeGreaterThanOrEqual(0);
        expect(shard).toBeLessThan(shards);
      }),
    );
  });

  it('keeps its place when the ledger grows: nothing but the id says where it lies', () => {
    const before = mintMessageId({ now: NOON, random: seededRandom('growth')(16), key: 'order-7', shards: 4 });
    const placed = outboxKey(before);

    const after = mintMessageId({ now: NOON, random: seededRandom('growth')(16), key: 'order-7', shards: 4096 });

    expect(keyShard('order-7', 4096)).not.toBe(keyShard('order-7', 4));
    expect(messageShard(after)).toBe(keyShard('order-7', 4096));
    expect(messageShard(before)).toBe(keyShard('order-7', 4));
    expect(outboxKey(before)).toEqual(placed);
  });

  it('sorts by time, whatever else is in it', () => {
    fc.assert(
      fc.property(messageIds, messageIds, (one, other) => {
        fc.pre(messageTime(one) !== messageTime(other));
        expect(one < other).toBe(messageTime(one) < messageTime(other));
      }),
    );
  });

  it('differs from every other id of its moment and key', () => {
    const bytes = seededRandom('distinct');
    const ids = Array.from({ length: 10_000 }, () =>
      mintMessageId({ now: NOON, random: bytes(16), key: 'hot', shards: 16 }),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('spreads sequential keys evenly over the shards', () => {
    const shards = 16;
    const counts = Array.from({ length: shards }, () => 0);
    const keys = Array.from({ length: 16_384 }, (_, index) => `order-${index}`);
    for (const key of keys) counts[keyShard(key, shards)] = (counts[keyShard(key, shards)] ?? 0) + 1;

    const even = keys.length / shards;
    const chiSquare = counts.reduce((sum, count) => sum + (count - even) ** 2 / even, 0);

    // 15 degrees of freedom: an even spread is above this once in a thousand. The keys are fixed, so it does not flake.
    expect(chiSquare).toBeLessThan(37.7);
  });

  it('puts all messages of a business key into one shard', () => {
    fc.assert(
      fc.property(businessKeys, shardCounts, moments, moments, (key, shards, now, later) => {
        const one = mintMessageId({ now, random: seededRandom('one')(16), key, shards });
        const other = mintMessageId({ now: later, random: seededRandom('other')(16), key, shards });
        expect(messageShard(one)).toBe(messageShard(other));
      }),
    );
  });

  it('is not minted for a shard count that no ledger has', () => {
    for (const shards of [0, -1, 3, 12, 1.5, 8192, Number.NaN, Number.POSITIVE_INFINITY]) {
      const mint = () => mintMessageId({ now: NOON, random: new Uint8Array(16), key: 'a', shards });
      expect(mint).toThrow(InvalidDefinition);
      expect(() => keyShard('a', shards)).toThrow(InvalidDefinition);
    }
  });
});

describe('what is no message id', () => {
  const id = mintMessageId({ now: NOON, random: seededRandom('malformed')(16), key: 'a', shards: 16 });
  const replaced = (at: number, character: string) => id.slice(0, at) + character + id.slice(at + 1);

  const malformed: readonly (readonly [string, unknown])[] = [
    ['another version', replaced(14, '4')],
    ['another variant', replaced(19, 'c')],
    ['a shard count above 4096', replaced(32, 'd')],
    ['upper case', id.toUpperCase()],
    ['braces', `{${id}}`],
    ['no hyphens', id.replaceAll('-', '')],
    ['something before it', ` ${id}`],
    ['a line break after it', `${id}\n`],
    ['too short', id.slice(1)],
    ['the nil UUID', '00000000-0000-0000-0000-000000000000'],
    ['nothing', ''],
    ['undefined', undefined],
    ['null', null],
    ['an array of one', [id]],
    ['an object that looks like it', { toString: () => id }],
  ];

  it.each(malformed)('is refused: %s', (_, value) => {
    expect(isMessageId(value)).toBe(false);
    if (typeof value !== 'string') return;
    expect(() => messageTime(value)).toThrow(MalformedMessage);
    expect(() => messageShard(value)).toThrow(MalformedMessage);
  });

  it('is refused at any position of a wrong character', () => {
    for (let at = 0; at < id.length; at++) expect(isMessageId(replaced(at, 'x'))).toBe(false);
  });

  it('is quoted by its error only in part, however long it is', () => {
    const error = thrownBy(() => messageTime('x'.repeat(1_000_000))) as MalformedMessage;
    expect(error.message.length).toBeLessThan(200);
  });
});

it.each([undefined, null, '', 0])('a process that has read no id yet takes %j for none', async (value) => {
  vi.resetModules();
  const { isMessageId: ask } = await import('../../lib/message/message-id.ts');
  expect(ask(value)).toBe(false);
});

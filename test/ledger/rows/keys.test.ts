import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidPayload, LimitExceeded } from '../../../lib/contract/errors.ts';
import { LIMITS } from '../../../lib/contract/limits.ts';
import { minuteOf } from '../../../lib/contract/timestamp.ts';
import { causeKey } from '../../../lib/ledger/rows/cause.ts';
import { circuitKey } from '../../../lib/ledger/rows/circuit.ts';
import { sweepKey } from '../../../lib/ledger/rows/cursor.ts';
import { deadKey, deadPartition, readDeadKey } from '../../../lib/ledger/rows/dead.ts';
import { dueKey, duePartition, readDueKey } from '../../../lib/ledger/rows/due.ts';
import { effectsKey, sharedEffectsKey } from '../../../lib/ledger/rows/effect.ts';
import { failureKey } from '../../../lib/ledger/rows/failure.ts';
import { FORMAT_KEY } from '../../../lib/ledger/rows/format.ts';
import { halfKey } from '../../../lib/ledger/rows/half.ts';
import { inboxKey, inboxPartition } from '../../../lib/ledger/rows/inbox.ts';
import { HALF_PREFIX, type LedgerKey, OUTBOX_PREFIX } from '../../../lib/ledger/rows/layout.ts';
import { onceKey } from '../../../lib/ledger/rows/once.ts';
import { lastKey, parkedNumber, parkKey, tailKey } from '../../../lib/ledger/rows/order.ts';
import { outboxKey, outboxPartition } from '../../../lib/ledger/rows/outbox.ts';
import { receiptKey } from '../../../lib/ledger/rows/receipt.ts';
import { redriveKey, runningKey } from '../../../lib/ledger/rows/redrive.ts';
import { routeKey, routePartition } from '../../../lib/ledger/rows/route.ts';
import { waitKey } from '../../../lib/ledger/rows/saga.ts';
import { historyKey, scaleKey } from '../../../lib/ledger/rows/scale.ts';
import { SHARDS_KEY } from '../../../lib/ledger/rows/shards.ts';
import { unroutedKey, unroutedTypeKey } from '../../../lib/ledger/rows/unrouted.ts';
import { messageShard, messageTime, mintMessageId } from '../../../lib/message/message-id.ts';
import { eventTypes, messageIds, moments, NOON, seededRandom, subscriberNames } from '../../message/samples.ts';

/** What a row is about: its kind and all that tells it from the others of its kind. */
type Subject =
  | readonly ['out' | 'relay' | 'half', string]
  | readonly ['circuit' | 'scale' | 'history' | 'running redrive', string]
  | readonly ['sweep', number]
  | readonly ['shards']
  | readonly ['format']
  | readonly ['unrouted', string]
  | readonly ['unrouted', string, string]
  | readonly ['due', string, number]
  | readonly ['dead', string, string, number]
  | readonly ['wait', string, string, string]
  | readonly ['park', string, string, number]
  | readonly ['tail' | 'last', string, string]
  | readonly ['in' | 'fail' | 'cause' | 'redrive' | 'once' | 'route' | 'effect' | 'shared effect', string, string];

function keyOf(subject: Subject): LedgerKey {
  switch (subject[0]) {
    case 'out':
      return outboxKey(subject[1]);
    case 'relay':
      return receiptKey(subject[1]);
    case 'half':
      return halfKey(subject[1]);
    case 'unrouted':
      return subject[2] === undefined ? unroutedTypeKey(subject[1]) : unroutedKey(subject[1], subject[2]);
    case 'shards':
      return SHARDS_KEY;
    case 'format':
      return FORMAT_KEY;
    case 'sweep':
      return sweepKey(subject[1]);
    case 'due':
      return dueKey(subject[1], subject[2]);
    case 'circuit':
      return circuitKey(subject[1]);
    case 'scale':
      return scaleKey(subject[1]);
    case 'history':
      return historyKey(subject[1]);
    case 'running redrive':
      return runningKey(subject[1]);
    case 'redrive':
      return redriveKey(subject[1], subject[2]);
    case 'dead':
      return deadKey(subject[1], { id: subject[2], died: subject[3] }, 16);
    case 'cause':
      return causeKey(subject[1], subject[2]);
    case 'in':
      return inboxKey(subject[1], subject[2]);
    case 'fail':
      return failureKey(subject[1], subject[2]);
    case 'effect':
      return effectsKey(subject[1], subject[2]);
    case 'shared effect':
      return sharedEffectsKey(subject[1], subject[2]);
    case 'tail':
      return tailKey(subject[1], subject[2]);
    case 'last':
      return lastKey(subject[1], subject[2]);
    case 'park':
      return parkKey(subject[1], subject[2], subject[3]);
    case 'wait':
      return waitKey(subject[1], subject[2], subject[3]);
    case 'once':
      return onceKey(subject[1], subject[2]);
    case 'route':
      return routeKey(subject[1], subject[2]);
  }
}

/** Few ids, names and types, so that subjects come near each other; the idempotency keys imitate the layout itself. */
const id = (now: number, key: string) =>
  mintMessageId({ now, random: seededRandom(`${now} ${key}`)(16), key, shards: 16 });
const someIds = fc.constantFrom(id(NOON, 'a'), id(NOON, 'b'), id(NOON + 1, 'a'), id(NOON + 60_000, 'a'));
const someNames = fc.constantFrom('a', 'b', 'a-b', 'once', 'in', 'out');
const bucket = `${minuteOf(NOON)}#3`;
const hostileKeys = fc.oneof(
  fc.constantFrom(
    'once',
    '#',
    'a#b',
    '#a',
    'b#',
    bucket,
    `a#${bucket}`,
    `in#a#${bucket}`,
    'out#',
    `once#a#b`,
    '\0',
    ' ',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
  fc.array(fc.constantFrom('#', 'a', 'b', '-'), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
);

const subjects: fc.Arbitrary<Subject> = fc.oneof(
  fc.tuple(fc.constantFrom('out' as const, 'relay' as const, 'half' as const), someIds),
  fc.tuple(fc.constant('sweep' as const), fc.constantFrom(0, 1, 10)),
  fc.tuple(fc.constant('shards' as const)),
  fc.tuple(fc.constant('format' as const)),
  fc.tuple(
    fc.constantFrom('circuit' as const, 'scale' as const, 'history' as const, 'running redrive' as const),
    someNames,
  ),
  fc.tuple(fc.constant('unrouted' as const), someNames),
  fc.tuple(fc.constant('unrouted' as const), someNames, fc.constantFrom(bucket, `${bucket}1`)),
  fc.tuple(fc.constant('due' as const), someIds, fc.constantFrom(NOON, NOON + 1, NOON + 60_000)),
  fc.tuple(fc.constantFrom('in' as const, 'fail' as const, 'redrive' as const), someNames, someIds),
  fc.tuple(fc.constant('cause' as const), someNames, fc.constantFrom('7f3a0b1c', '00000000')),
  fc.tuple(fc.constant('dead' as const), someNames, someIds, fc.constantFrom(NOON, NOON + 1, NOON + 60_000)),
  fc.tuple(fc.constant('once' as const), someNames, hostileKeys),
  fc.tuple(fc.constantFrom('tail' as const, 'last' as const), someNames, hostileKeys),
  fc.tuple(fc.constant('park' as const), someNames, hostileKeys, fc.constantFrom(1, 2, 10)),
  fc.tuple(fc.constant('wait' as const), someNames, someNames, hostileKeys),
  fc.tuple(fc.constant('effect' as const), someNames, someIds),
  fc.tuple(fc.constant('shared effect' as const), someNames, hostileKeys),
  fc.tuple(fc.constant('route' as const), fc.constantFrom('a', 'a.b', 'a-b', 'once.a'), someNames),
);

describe('a key of the ledger', () => {
  it('belongs to one thing only, also where an idempotency key imitates the layout', () => {
    fc.assert(
      fc.property(fc.array(subjects, { maxLength: 40 }), (things) => {
        const distinct = new Set(things.map((thing) => JSON.stringify(thing)));
        const keys = new Set(things.map((thing) => JSON.stringify([keyOf(thing).pk, keyOf(thing).sk])));
        expect(keys.size).toBe(distinct.size);
      }),
      { numRuns: 300 },
    );
  });

  it('wakes the relay only where it is an outbox row or a half message', () => {
    fc.assert(
      fc.property(subjects, (thing) => {
        expect(keyOf(thing).pk.startsWith(OUTBOX_PREFIX)).toBe(thing[0] === 'out');
        expect(keyOf(thing).pk.startsWith(HALF_PREFIX)).toBe(thing[0] === 'half');
      }),
    );
  });

  it('fits into what DynamoDB takes: 2,048 bytes and 1,024 bytes', () => {
    const longest = `${'s'.repeat(23)}-${'s'.repeat(24)}`;
    const type = `t${'.t'.repeat(63)}`;
    const keys = [
      outboxKey(id(NOON, 'a')),
      inboxKey(longest, id(NOON, 'a')),
      failureKey(longest, id(NOON, 'a')),
      onceKey(longest, '\u{1F4E6}'.repeat(LIMITS.idempotencyKeyBytes / 4)),
      sharedEffectsKey(longest, '\u{1F4E6}'.repeat(LIMITS.idempotencyKeyBytes / 4)),
      receiptKey(id(NOON, 'a')),
      routeKey(type, longest),
      dueKey(id(NOON, 'a'), NOON),
      sweepKey(4_095),
      halfKey(id(NOON, 'a')),
      deadKey(longest, { id: 'f'.repeat(64), died: NOON }, 4_096),
      causeKey(longest, '7f3a0b1c'),
      tailKey(longest, '\u{1F4E6}'.repeat(LIMITS.keyCharacters)),
      waitKey(longest, 'w'.repeat(32), '\u{1F4E6}'.repeat(256)),
      parkKey(longest, '\u{1F4E6}'.repeat(LIMITS.keyCharacters), Number.MAX_SAFE_INTEGER),
    ];
    for (const { pk, sk } of keys) {
      expect(Buffer.byteLength(pk)).toBeLessThanOrEqual(2_048);
      expect(Buffer.byteLength(sk)).toBeLessThanOrEqual(1_024);
    }
  });
});

describe('the rows of a message', () => {
  it('are found by the id alone, in the partition that lists their minute and shard', () => {
    fc.assert(
      fc.property(messageIds, subscriberNames, (message, subscriber) => {
        const minute = minuteOf(messageTime(message));
        const shard = messageShard(message);
        expect(outboxKey(message)).toEqual({ pk: outboxPartition(minute, shard), sk: message });
        expect(inboxKey(subscriber, message)).toEqual({ pk: inboxPartition(subscriber, minute, shard), sk: message });
      }),
    );
  });

  it('lie in one partition exactly while minute and shard are the same', () => {
    fc.assert(
      fc.property(messageIds, messageIds, (one, other) => {
        const same =
          minuteOf(messageTime(one)) === minuteOf(messageTime(other)) && messageShard(one) === messageShard(other);
        expect(outboxKey(one).pk === outboxKey(other).pk).toBe(same);
      }),
    );
  });
});

describe('a message that waits for its moment', () => {
  it('lies in its shard, and its key says which message it is and when it is due', () => {
    fc.assert(
      fc.property(messageIds, moments, (message, deliverAt) => {
        const key = dueKey(message, deliverAt);
        expect(key.pk).toBe(duePartition(messageShard(message)));
        expect(readDueKey(key)).toEqual({ id: message, deliverAt });
      }),
    );
  });

  it('lies before every one of its shard that is due later, and after every one that is due sooner', () => {
    fc.assert(
      fc.property(messageIds, moments, messageIds, moments, (one, first, other, second) => {
        fc.pre(first !== second);
        expect(dueKey(one, first).sk < dueKey(other, second).sk).toBe(first < second);
      }),
    );
  });
});

describe('a parked message', () => {
  it('lies in the order of its number, which its key says', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e14 }), fc.integer({ min: 1, max: 1e14 }), (one, other) => {
        const key = parkKey('a', 'b', one);
        expect(parkedNumber(key)).toBe(one);
        expect(key.sk < parkKey('a', 'b', other).sk).toBe(one < other);
      }),
    );
  });
});

describe('what is dead', () => {
  it('lies in the shard of its id, in the order of the deaths, and its key says what died when', () => {
    fc.assert(
      fc.property(messageIds, subscriberNames, moments, (message, subscriber, died) => {
        const key = deadKey(subscriber, { id: message, died }, 16);
        expect(key.pk).toBe(deadPartition(subscriber, messageShard(message)));
        expect(readDeadKey(key)).toEqual({ id: message, died });
        expect(deadKey(subscriber, { id: message, died: died - 1 }, 16).sk < key.sk).toBe(true);
      }),
    );
  });

  it('lies in a shard of the ledger also where it is no message', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(1, 2, 16, 4_096), (bytes, shards) => {
        const { pk } = deadKey('a', { id: hash('sha256', bytes), died: NOON }, shards);
        expect(Number(pk.split('#')[2])).toBeLessThan(shards);
      }),
    );
  });
});

describe('a half message', () => {
  it('is found by its id alone', () => {
    fc.assert(
      fc.property(messageIds, (half) => {
        const { pk, sk } = halfKey(half);
        expect([pk, sk]).toEqual([`half#${minuteOf(messageTime(half))}#${messageShard(half)}`, half]);
      }),
    );
  });
});

describe('a minute bucket', () => {
  it('is the UTC minute as people write it', () => {
    expect(minuteOf(Date.UTC(2026, 10, 23, 8, 14, 59, 999))).toBe('2026-11-23T08:14');
    expect(minuteOf(Date.UTC(2026, 10, 23, 8, 15))).toBe('2026-11-23T08:15');
  });

  it('holds exactly the moments of 60 seconds, and sorts as they do', () => {
    fc.assert(
      fc.property(moments, moments, (one, other) => {
        const [minute, another] = [Math.floor(one / 60_000), Math.floor(other / 60_000)];
        expect(minuteOf(one) === minuteOf(other)).toBe(minute === another);
        expect(minuteOf(one) < minuteOf(other)).toBe(minute < another);
      }),
    );
  });
});

describe('the routes of an event type', () => {
  it('lie in one partition, by subscriber', () => {
    fc.assert(
      fc.property(eventTypes, subscriberNames, (type, subscriber) => {
        expect(routeKey(type, subscriber)).toEqual({ pk: routePartition(type), sk: subscriber });
      }),
    );
  });
});

describe('an idempotency key', () => {
  it('of up to 1,024 bytes is taken, in any language', () => {
    expect(onceKey('charge', 'k'.repeat(1_024)).pk).toBe(`once#charge#${'k'.repeat(1_024)}`);
    expect(onceKey('charge', '运'.repeat(341)).pk).toContain('运');
  });

  it('above that, or empty, is refused with the way out', () => {
    expect(() => onceKey('charge', 'k'.repeat(1_025))).toThrow(LimitExceeded);
    expect(() => onceKey('charge', '运'.repeat(342))).toThrow(/1026 bytes.*digest/);
    expect(() => onceKey('charge', '')).toThrow(LimitExceeded);
  });

  it('that UTF-8 would merge with another one is refused', () => {
    expect(() => onceKey('charge', 'a\uD800')).toThrow(InvalidPayload);
    expect(() => onceKey('charge', 'a\uDC00')).toThrow(InvalidPayload);
  });
});

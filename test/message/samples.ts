import { createHash } from 'node:crypto';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import fc from 'fast-check';
import { z } from 'zod';
import { defineEvent } from '../../lib/contract/event.ts';
import { createEnvelope, type Envelope, type EnvelopeContext, encodeEnvelope } from '../../lib/message/envelope.ts';
import { mintMessageId } from '../../lib/message/message-id.ts';

/** 2026-11-23T08:14:00Z */
export const NOON = Date.UTC(2026, 10, 23, 8, 14);

export const OrderPlaced = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), quantity: z.int().positive() }),
  key: (order) => order.orderId,
  businessLine: 'orders',
});

/** A schema that takes any value as it is, and counts how often it is asked. */
export function anything(): StandardSchemaV1<unknown, unknown> & { asked: number } {
  const schema = {
    asked: 0,
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: (value: unknown) => {
        schema.asked++;
        return { value };
      },
    },
  };
  return schema;
}

/** An event of any payload, all with the same business key. */
export const Anything = defineEvent('anything', { schema: anything(), key: () => 'key', businessLine: 'tests' });

/** Random bytes that follow from a seed: the same every time, and different at every call. */
export function seededRandom(seed: string): (bytes: number) => Uint8Array {
  let calls = 0;
  return (bytes) => createHash('sha512').update(`${seed} ${calls++}`).digest().subarray(0, bytes);
}

export function context(given: Partial<EnvelopeContext> = {}): EnvelopeContext {
  return { now: NOON, random: seededRandom('context'), shards: 16, ledger: 'ledger', publisher: 'checkout', ...given };
}

/** A message as the wire carries it. */
export function wireText(payload: unknown, given: Partial<EnvelopeContext> = {}): string {
  return encodeEnvelope(createEnvelope(Anything, payload, context(given)));
}

/** The attributes of a message that has every one of them. */
export function fullEnvelope(data: unknown = { orderId: '1', quantity: 2 }): Envelope {
  const cause = createEnvelope(Anything, 'cause', context({ random: seededRandom('cause') }));
  return {
    ...createEnvelope(Anything, data, context({ cause, deliverAt: NOON + 500 })),
    relayed: '2026-11-23T08:14:01.250Z',
  };
}

/** Any moment that a timestamp of four-digit years can say. */
export const moments = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31, 23, 59, 59, 999) });

/** Every shard count that a ledger can have. */
export const shardCounts = fc.integer({ min: 0, max: 12 }).map((log2) => 2 ** log2);

/** Any sequence of UTF-16 code units: halves of surrogate pairs, control characters and noncharacters too. */
export const anyText = fc.string({
  unit: fc.oneof(
    { weight: 4, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    fc.constantFrom('\uFFFE', '\uFFFF', '\u2028', '\uD800', '\uDFFF', '\0', '"', '\\', '{', '['),
  ),
});

/** Business keys as a schema lets them through: texts of any language. */
export const businessKeys = fc.string({ unit: 'binary', minLength: 1, maxLength: 128 });

/** The keys that a message may be published with. */
export const publishableKeys = businessKeys.filter((key) => !/[\p{Cc}\p{Noncharacter_Code_Point}]/u.test(key));

export const messageIds = fc
  .record({
    now: moments,
    random: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    key: businessKeys,
    shards: shardCounts,
  })
  .map(mintMessageId);

export const subscriberNames = fc.stringMatching(/^[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,3}$/);

export const eventTypes = fc.stringMatching(/^[a-z][a-z0-9]{0,8}([.-][a-z0-9]{1,8}){0,4}$/);

/** The error that something throws. */
export function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown');
}

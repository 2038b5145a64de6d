import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineEvent } from '../../lib/contract/event.ts';
import { createEnvelope, decodeEnvelope, type Envelope, encodeEnvelope } from '../../lib/message/envelope.ts';
import { isMessageId, messageShard, messageTime } from '../../lib/message/message-id.ts';
import {
  Anything,
  anyText,
  anything,
  context,
  fullEnvelope,
  moments,
  NOON,
  OrderPlaced,
  publishableKeys,
  seededRandom,
  wireText,
} from './samples.ts';

const payloads = fc
  .jsonValue({
    stringUnit: fc.constantFrom('a', 'é', '运', '\u{1F4E6}', '\uFFFE', '\uFFFF', '\u2028', '\uD800', '\0', '"'),
  })
  .filter((payload) => !JSON.stringify(payload).includes('__proto__'));

/** What SQS takes in a body: #x9 | #xA | #xD | #x20–#xD7FF | #xE000–#xFFFD | #x10000–#x10FFFF. */
const CARRIED_BY_SQS = /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u;

describe('an envelope', () => {
  it('comes back from the wire as it was, with any JSON payload', () => {
    fc.assert(
      fc.property(payloads, (payload) => {
        const envelope = createEnvelope(Anything, payload, context());
        const decoded = decodeEnvelope(encodeEnvelope(envelope));
        expect(decoded).toEqual(envelope);
        expect(decoded.data).toEqual(JSON.parse(JSON.stringify(payload)));
      }),
      { numRuns: 500 },
    );
  });

  it('comes back as it was with any text in it, however odd its characters', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const decoded = decodeEnvelope(wireText({ [`key ${text}`]: text }));
        expect(decoded.data).toEqual({ [`key ${text}`]: text });
      }),
      { numRuns: 500 },
    );
  });

  it('is written in characters that SQS carries, whatever its payload and key hold', () => {
    fc.assert(
      fc.property(anyText, publishableKeys, (text, key) => {
        const event = defineEvent('anything', { schema: anything(), key: () => key, businessLine: 'tests' });
        expect(encodeEnvelope(createEnvelope(event, text, context()))).toMatch(CARRIED_BY_SQS);
      }),
      { numRuns: 500 },
    );
  });

  it('may be encoded again: a relay that stamps it changes nothing else', () => {
    const decoded = decodeEnvelope(wireText({ text: '\uFFFF and \u2028' }));
    const stamped = decodeEnvelope(encodeEnvelope({ ...decoded, relayed: '2026-11-23T08:14:00.250Z' }));
    expect(stamped).toEqual({ ...decoded, relayed: '2026-11-23T08:14:00.250Z' });
  });

  it('carries what the producer published, not what the schema makes of it', () => {
    const event = defineEvent('order.placed', {
      schema: z.object({ orderId: z.string(), note: z.string().default('none'), at: z.string().transform(Date.parse) }),
      key: (order) => `${order.orderId} ${order.note} ${order.at}`,
      businessLine: 'orders',
    });

    const envelope = createEnvelope(event, { orderId: '1', at: '2026-11-23T08:14:00Z' }, context());

    expect(envelope.data).toEqual({ orderId: '1', at: '2026-11-23T08:14:00Z' });
    expect(envelope.partitionkey).toBe(`1 none ${NOON}`);
  });

  it('carries the payload as JSON makes it: what JSON drops is not there for the schema either', () => {
    const envelope = createEnvelope(Anything, { kept: new Date(NOON), dropped: undefined }, context());
    expect(envelope.data).toEqual({ kept: '2026-11-23T08:14:00.000Z' });
  });

  it('says who published it, what, when and for whom', () => {
    expect(createEnvelope(OrderPlaced, { orderId: '7', quantity: 2 }, context())).toEqual({
      specversion: '1.0',
      id: expect.toSatisfy(isMessageId),
      source: '/ledger/checkout',
      type: 'order.placed',
      time: '2026-11-23T08:14:00.000Z',
      datacontenttype: 'application/json',
      partitionkey: '7',
      version: 1,
      businessline: 'orders',
      correlationid: expect.toSatisfy(isMessageId),
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
      expires: '2026-12-07T08:14:00.000Z',
      ledger: 'ledger',
      data: { orderId: '7', quantity: 2 },
    });
  });

  it('has the moment of its id, at any time', () => {
    fc.assert(
      fc.property(moments, (moment) => {
        const event = defineEvent('short', {
          schema: anything(),
          key: () => 'k',
          businessLine: 'tests',
          lifetime: '1ms',
        });
        fc.pre(moment < Date.UTC(9999, 11, 31));
        const decoded = decodeEnvelope(encodeEnvelope(createEnvelope(event, null, context({ now: moment }))));
        expect(Date.parse(decoded.time)).toBe(moment);
        expect(messageTime(decoded.id)).toBe(moment);
        expect(Date.parse(decoded.expires)).toBe(moment + 1);
      }),
    );
  });

  it('is sharded by its business key alone', () => {
    const random = seededRandom('sharded');
    const shards = Array.from({ length: 20 }, (_, index) =>
      messageShard(createEnvelope(Anything, index, context({ now: NOON + index * 1_000, random })).id),
    );
    expect(new Set(shards).size).toBe(1);
  });

  it('expires when the lifetime of its event is over', () => {
    const event = defineEvent('offer.made', {
      schema: anything(),
      key: () => 'k',
      businessLine: 'offers',
      lifetime: '90s',
    });
    expect(createEnvelope(event, null, context()).expires).toBe('2026-11-23T08:15:30.000Z');
  });
});

describe('a delayed message', () => {
  const delayed = (deliverAt: number, lifetime: '90s' | '14d' = '90s') => {
    const event = defineEvent('offer.ends', { schema: anything(), key: () => 'k', businessLine: 'offers', lifetime });
    return createEnvelope(event, null, context({ deliverAt }));
  };

  it('says when it is to be delivered, and comes back from the wire as it was', () => {
    const envelope = delayed(NOON + 3_600_001);
    expect(envelope.deliverat).toBe('2026-11-23T09:14:00.001Z');
    expect(decodeEnvelope(encodeEnvelope(envelope))).toEqual(envelope);
  });

  it('lives as long from its delivery as another one from its commit', () => {
    expect(delayed(NOON + 3_600_000).expires).toBe('2026-11-23T09:15:30.000Z');
    expect(delayed(NOON + 366 * 86_400_000, '14d').expires).toBe('2027-12-08T08:14:00.000Z');
  });

  it('keeps the moment of its commit, which its rows lie by', () => {
    const { id, time } = delayed(NOON + 3_600_000);
    expect([messageTime(id), time]).toEqual([NOON, '2026-11-23T08:14:00.000Z']);
  });
});

/** @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#context-attributes */
describe('as a CloudEvent 1.0, an envelope', () => {
  const { data, ...attributes } = fullEnvelope();

  it('has every required attribute, none of them empty', () => {
    for (const name of ['id', 'source', 'specversion', 'type'] as const) {
      expect(attributes[name]).toEqual(expect.stringMatching(/./));
    }
    expect(data).toBeDefined();
  });

  it('names its attributes in lower-case letters and digits, 20 characters at most', () => {
    for (const name of Object.keys(attributes)) expect(name).toMatch(/^[a-z0-9]{1,20}$/);
  });

  it('gives attributes the types that the specification has: texts and 32-bit integers', () => {
    for (const value of Object.values(attributes)) {
      const isInteger = typeof value === 'number' && value === (value | 0);
      expect(typeof value === 'string' || isInteger).toBe(true);
    }
  });

  it('has a URI reference for its source, and RFC 3339 for its moments', () => {
    expect(new URL(attributes.source, 'https://example.com').pathname).toBe(attributes.source);
    const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
    for (const name of ['time', 'expires', 'deliverat', 'relayed'] as const) expect(attributes[name]).toMatch(rfc3339);
  });

  it('keeps the extensions of others, which any hop may add', () => {
    const extended = { ...fullEnvelope(), comexampleextension: 'kept', sequence: 42, sampledrate: true };
    const decoded = decodeEnvelope(JSON.stringify(extended));
    expect(decoded).toEqual(extended);
    expect(decodeEnvelope(encodeEnvelope(decoded))).toEqual(extended);
  });
});

describe('a chain of messages', () => {
  const random = seededRandom('chain');
  const publish = (cause?: Envelope) => createEnvelope(Anything, null, context({ random, ...(cause && { cause }) }));
  const first = publish();
  const second = publish(first);
  const third = publish(second);

  it('is held together by the id of its first message', () => {
    expect(first.correlationid).toBe(first.id);
    expect(second.correlationid).toBe(first.id);
    expect(third.correlationid).toBe(first.id);
  });

  it('says of each message which one caused it', () => {
    expect(first).not.toHaveProperty('causationid');
    expect(second.causationid).toBe(first.id);
    expect(third.causationid).toBe(second.id);
  });

  it('is one trace in which each message is a span of its own', () => {
    const [traces, spans] = [1, 2].map((part) => [first, second, third].map((one) => one.traceparent.split('-')[part]));
    expect(new Set(traces).size).toBe(1);
    expect(new Set(spans).size).toBe(3);
  });

  it('gives each message an id of its own', () => {
    expect(new Set([first.id, second.id, third.id]).size).toBe(3);
  });
});

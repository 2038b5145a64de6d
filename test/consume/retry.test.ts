import type { ChangeMessageVisibilityBatchCommandInput } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { toItem } from '../../lib/aws/attribute.ts';
import { consume } from '../../lib/consume/consume.ts';
import { LONGEST_WAIT_SECONDS, retryHorizon } from '../../lib/contract/retry.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { failureKey } from '../../lib/ledger/rows/failure.ts';
import { withCompressed } from '../../lib/message/compression.ts';
import type { Envelope } from '../../lib/message/envelope.ts';
import { Rejected, RetryLater, type RetryOptions } from '../../lib/public/index.ts';
import { ORDER, OrderPlaced, openShop, type Shop } from './shop.ts';

class PartnerDown extends Error {}
class NoSuchPartner extends Error {}

const subscriber = (retry?: RetryOptions) =>
  defineSubscriber('reserve-stock', { consumes: [OrderPlaced], ...(retry && { retry }) });
const throwing = (thrown: () => unknown, retry?: RetryOptions) =>
  consume(
    subscriber(retry),
    () => {
      throw thrown();
    },
    { retryable: (error) => !(error instanceof NoSuchPartner) },
  );

/** Seconds until the failed message in the queue comes again, and what its failure row says of it. */
function rest(shop: Shop, id: string): { readonly hidden: number; readonly told: number; readonly attempts: number } {
  const row = shop.ledger.get(toItem(failureKey('reserve-stock', id)));
  const now = shop.clock.now();
  const newest = shop.queue.messages().at(-1);
  return {
    hidden: ((newest?.visibleAt ?? 0) - now) / 1000,
    told: (Number(row?.next?.N) - now) / 1000,
    attempts: Number(row?.attempts?.N),
  };
}

describe('a message that fails', () => {
  test('comes again at once, then after waits that grow to 15 minutes, some 48 minutes in all', async () => {
    const shop = openShop();
    const message = shop.envelopeOf(OrderPlaced, ORDER);
    const handler = throwing(() => new PartnerDown());
    const waits: number[] = [];
    for (let receives = 1; ; receives++) {
      const failed = await shop.invoke(handler, [shop.queued(message, { receives })]);
      if (failed.length === 0) break;
      const { hidden, told, attempts } = rest(shop, message.id);
      expect([told, attempts]).toEqual([hidden, receives]);
      waits.push(hidden);
    }
    const most = [0, 1, 3, 9, 27, 81, 243, 729, 900, 900];
    expect(waits).toHaveLength(most.length);
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeLessThanOrEqual(most[index] ?? 0);
      expect(wait).toBeGreaterThanOrEqual(Math.floor((most[index] ?? 0) * 0.8));
    }
    expect(retryHorizon(subscriber().retry)).toBe(2_893);
    expect(shop.inbox(message.id)).toMatchObject({ state: 'dead', reason: 'attempts-exhausted' });
  });

  test('waits no longer than its subscriber says', async () => {
    const shop = openShop();
    const message = shop.envelopeOf(OrderPlaced, ORDER);
    const handler = throwing(() => new PartnerDown(), { attempts: 4, longest: '2s' });
    const waits: number[] = [];
    for (const receives of [1, 2, 3]) {
      await shop.invoke(handler, [shop.queued(message, { receives })]);
      waits.push(rest(shop, message.id).hidden);
    }
    expect(waits).toEqual([0, 1, 2]);
    expect(await shop.invoke(handler, [shop.queued(message, { receives: 4 })])).toEqual([]);
    expect(await shop.letters()).toMatchObject([{ reason: 'attempts-exhausted' }]);
  });

  test('waits by its attempts, however often it was delivered without one, and its row says the same', async () => {
    const shop = openShop();
    const message = shop.envelopeOf(OrderPlaced, ORDER);
    await shop.invoke(
      throwing(() => new PartnerDown()),
      [shop.queued(message, { receives: 40 })],
    );
    expect(rest(shop, message.id)).toEqual({ hidden: 0, told: 0, attempts: 1 });
  });

  test('costs one write where each delivery was an attempt', async () => {
    const shop = openShop();
    const message = shop.envelopeOf(OrderPlaced, ORDER);
    await shop.invoke(
      throwing(() => new PartnerDown()),
      [shop.queued(message)],
    );
    expect(shop.operations()).toEqual(['UpdateItem', 'ChangeMessageVisibilityBatch']);
  });
});

describe('the class of an error', () => {
  test('that no attempt mends ends the message at once, with the error in its letter', async () => {
    const shop = openShop();
    const message = shop.envelopeOf(OrderPlaced, ORDER);
    const handler = throwing(() => new NoSuchPartner('partner 7 is unknown'));
    expect(await shop.invoke(handler, [shop.queued(message)])).toEqual([]);
    expect(shop.inbox(message.id)).toMatchObject({ state: 'dead', reason: 'not-retryable' });
    expect(await shop.letters()).toMatchObject([
      { reason: 'not-retryable', detail: expect.stringContaining('partner 7 is unknown') },
    ]);
  });

  test('is not asked of `Rejected`, and a `retryable` that throws keeps the message', async () => {
    const shop = openShop();
    const [rejected, kept] = [1, 2].map(() => shop.envelopeOf(OrderPlaced, ORDER));
    const wrong = (thrown: Error) =>
      consume(
        subscriber(),
        () => {
          throw thrown;
        },
        {
          retryable: () => {
            throw new TypeError('of undefined');
          },
        },
      );
    await shop.invoke(wrong(new Rejected('refunded')), [shop.queued(rejected as never)]);
    expect(shop.inbox(rejected?.id ?? '')).toMatchObject({ state: 'dead', reason: 'rejected' });
    expect(await shop.invoke(wrong(new PartnerDown()), [shop.queued(kept as never)])).toHaveLength(1);
    expect(shop.inbox(kept?.id ?? '')).toBeUndefined();
  });
});

describe('RetryLater', () => {
  test('has the message come again when it says, uncounted, and reconciliation is told', async () => {
    const shop = openShop();
    const message = shop.envelopeOf(OrderPlaced, ORDER);
    const handler = throwing(() => new RetryLater('10m', 'no price list yet'));
    for (let receives = 1; receives <= 12; receives++) {
      expect(await shop.invoke(handler, [shop.queued(message, { receives })])).toHaveLength(1);
      expect(rest(shop, message.id)).toEqual({ hidden: 600, told: 600, attempts: 0 });
    }
    expect(shop.inbox(message.id)).toBeUndefined();
  });

  test.each(['1s', '1m', '11h'] as const)(
    '%s at a time lasts as long as the message lives, in less than 100 deliveries',
    async (wait) => {
      const shop = openShop();
      const message = shop.envelopeOf(OrderPlaced, ORDER);
      const handler = throwing(() => new RetryLater(wait));
      const record = shop.queued(message);
      let receives = 1;
      const received = () => ({
        ...record,
        attributes: { ...record.attributes, ApproximateReceiveCount: String(receives) },
      });
      for (; (await shop.invoke(handler, [received()])).length > 0; receives++) {
        const { input } = shop.calls.at(-1) as { readonly input: ChangeMessageVisibilityBatchCommandInput };
        shop.clock.pass(Number(input.Entries?.[0]?.VisibilityTimeout) * 1000);
      }
      expect(receives).toBeLessThan(100);
      expect(await shop.letters()).toMatchObject([{ reason: 'expired' }]);
    },
  );

  test('parks what comes from a stream, and holds it back for longer than SQS can delay', async () => {
    const shop = openShop();
    const message = shop.envelopeOf(OrderPlaced, ORDER);
    let runs = 0;
    const handler = throwing(() => {
      runs += 1;
      return new RetryLater('1h');
    });
    expect(await shop.invoke(handler, [shop.streamed(message)])).toEqual([]);
    const [parked] = shop.queue.messages();
    expect(rest(shop, message.id)).toEqual({ hidden: 900, told: 3_600, attempts: 0 });
    shop.clock.pass(900_000);
    const early = shop.queued(message, { attributes: parked?.attributes ?? {} });
    expect(await shop.invoke(handler, [early])).toEqual([early.messageId]);
    expect(runs).toBe(1);
    expect(rest(shop, message.id).hidden).toBe(2_700);
    shop.clock.pass(2_700_000);
    await shop.invoke(handler, [shop.queued(message, { attributes: parked?.attributes ?? {} })]);
    expect(runs).toBe(2);
  });

  test.each(['12h', '0s', 'soon'])('refuses to wait for %s', (wait) => {
    expect(() => new RetryLater(wait as never)).toThrow(/at most '11h'|not a duration/);
  });
});

describe('what says nothing about a message has it come again', () => {
  const DAY = 86_400;
  /** Seconds that the message has waited, how often it was received, seconds until it expires, and those until it comes again. */
  const ofItself: readonly (readonly [waited: number, receives: number, left: number, wait: number])[] = [
    [0, 1, DAY, 1],
    [23, 1, DAY, 1],
    [24, 1, DAY, 2],
    [600, 1, DAY, 50],
    [600, 9, DAY, 50],
    [600, 10, DAY, 55],
    [600, 40, DAY, 900],
    [14 * DAY, 1, DAY, LONGEST_WAIT_SECONDS],
    [600, 1, 48, 49],
    [600, 1, 49, 50],
    [600, 1, 50, 50],
  ];

  test.each(ofItself)(
    'after %i s, received %i times, with %i s to live: in %i s',
    async (waited, receives, left, wait) => {
      const shop = openShop();
      const message = {
        ...withCompressed(shop.envelopeOf(OrderPlaced, ORDER), Buffer.from('?')),
        contentencoding: 'zstd',
      };
      const { record } = aged(shop, message, { waited, receives, left });
      await shop.invoke(
        throwing(() => new Error('never run')),
        [record],
      );
      expect(rest(shop, message.id)).toEqual({ hidden: wait, told: wait, attempts: 0 });
    },
  );

  test.each([
    [0, 60, DAY, 60],
    [304, 60, DAY, 60],
    [305, 60, DAY, 61],
    [14 * DAY, 60, DAY, LONGEST_WAIT_SECONDS],
    [0, 60, 58, 59],
    [0, 60, 59, 60],
  ])('after %i s, where its handler asks for %i s, with %i s to live: in %i s', async (waited, asked, left, wait) => {
    const shop = openShop();
    const message = shop.envelopeOf(OrderPlaced, ORDER);
    const { record } = aged(shop, message, { waited, receives: 30, left });
    await shop.invoke(
      throwing(() => new RetryLater(`${asked}s`)),
      [record],
    );
    expect(rest(shop, message.id)).toEqual({ hidden: wait, told: wait, attempts: 0 });
  });

  test.each([
    ['30s', undefined],
    ['31s', 31],
  ] as const)('and its failure row says so of what waits for more than 30 s, so not of %s', async (wait, told) => {
    const shop = openShop();
    const message = shop.envelopeOf(OrderPlaced, ORDER);
    await shop.invoke(
      throwing(() => new RetryLater(wait)),
      [shop.queued(message)],
    );
    const { hidden, ...row } = rest(shop, message.id);
    expect(hidden).toBe(Number.parseInt(wait, 10));
    expect(row).toEqual({ told: told ?? Number.NaN, attempts: told ? 0 : Number.NaN });
  });

  /** A record of a message that has waited in its queue for so long, and has so long to live. */
  function aged(shop: Shop, message: Envelope, { waited = 0, receives = 1, left = DAY }) {
    const now = shop.clock.now();
    Object.assign(message, { expires: new Date(now + left * 1000).toISOString() });
    const record = shop.queued(message, { receives });
    return { record: { ...record, attributes: { ...record.attributes, SentTimestamp: String(now - waited * 1000) } } };
  }
});

test('`retryable` is a function', () => {
  expect(() => consume(subscriber(), () => undefined, { retryable: true as never })).toThrow('give a function');
});

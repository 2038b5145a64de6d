import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedMessage } from '../../../lib/contract/errors.ts';
import { expected, type Route } from '../../../lib/ledger/rows/route.ts';
import { messageTime, mintMessageId } from '../../../lib/message/message-id.ts';
import { messageIds, moments, NOON, seededRandom, subscriberNames } from '../../message/samples.ts';

const idAt = (now: number) => mintMessageId({ now, random: seededRandom('route')(16), key: 'a', shards: 16 });

function route(given: Partial<Route>): Route {
  return {
    type: 'order.placed',
    subscriber: 'charge',
    since: 0,
    destination: { kind: 'queue', url: 'https://sqs/charge' },
    deadline: 60_000,
    businessLine: 'orders',
    ...given,
  };
}

const routes = fc.array(
  fc
    .record({ subscriber: subscriberNames, since: moments, lasts: fc.option(fc.nat(), { nil: undefined }) })
    .map(({ subscriber, since, lasts }) =>
      route({ subscriber, since, ...(lasts !== undefined && { until: since + lasts }) }),
    ),
);

describe('who expects a message', () => {
  it('is every subscriber that was there at its moment, and no other', () => {
    fc.assert(
      fc.property(messageIds, routes, (id, all) => {
        const time = messageTime(id);
        const those = expected(id, all);
        for (const one of all) {
          const there = one.since <= time && time < (one.until ?? Number.POSITIVE_INFINITY);
          expect(those.includes(one)).toBe(there);
        }
      }),
    );
  });

  it('is told from the routes as they are given: none is made up, changed, doubled or put elsewhere', () => {
    fc.assert(
      fc.property(messageIds, routes, (id, all) => {
        const before = structuredClone(all);
        const those = expected(id, all);
        expect(all).toEqual(before);
        expect(those).toEqual(all.filter((one) => those.includes(one)));
        expect(expected(id, all)).toEqual(those);
        expect(expected(id, those)).toEqual(those);
      }),
    );
  });

  it('rests on the time of its id alone: a later route never changes what was expected before', () => {
    fc.assert(
      fc.property(messageIds, routes, fc.nat(), (id, all, later) => {
        const added = route({ subscriber: 'added-later', since: messageTime(id) + 1 + later });
        expect(expected(id, [...all, added])).toEqual(expected(id, all));
      }),
    );
  });

  it('begins with the very millisecond of `since`, and ends before that of `until`', () => {
    const during = route({ since: NOON, until: NOON + 10 });
    expect(expected(idAt(NOON - 1), [during])).toEqual([]);
    expect(expected(idAt(NOON), [during])).toEqual([during]);
    expect(expected(idAt(NOON + 9), [during])).toEqual([during]);
    expect(expected(idAt(NOON + 10), [during])).toEqual([]);
  });

  it('never falls between a subscriber and the one that takes its place', () => {
    const old = route({ subscriber: 'old', until: NOON });
    const young = route({ subscriber: 'young', since: NOON });
    fc.assert(
      fc.property(fc.integer({ min: NOON - 5, max: NOON + 5 }), (moment) => {
        expect(expected(idAt(moment), [old, young])).toHaveLength(1);
      }),
    );
  });

  it('is the first subscriber that an event type ever had, for its very first message', () => {
    expect(expected(idAt(0), [route({ since: 0 })])).toHaveLength(1);
  });

  it('is nobody when a subscriber was removed as soon as it was added', () => {
    expect(expected(idAt(NOON), [route({ since: NOON, until: NOON })])).toEqual([]);
  });

  it('is not asked of what is no message id', () => {
    expect(() => expected('7', [route({})])).toThrow(MalformedMessage);
  });
});

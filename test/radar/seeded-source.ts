import { UnknownMessage } from '../../lib/contract/errors.ts';
import type { BucketDetail } from '../../lib/radar/bucket-detail.ts';
import { UnknownBusinessLine } from '../../lib/radar/errors.ts';
import { type Counts, noCounts } from '../../lib/radar/health.ts';
import type { RadarSource } from '../../lib/radar/radar-source.ts';
import type { TracedMessage } from '../../lib/trace/traced-message.ts';

/** A Monday. */
export const NOW = Date.parse('2026-11-23T08:14:00Z');
export const LOST = '0197b2a4-1234-7abc-8def-0123456789ab';
export const SECRET = 'nobody-may-see-this-payload';

export function counts(some: Partial<Counts>): Counts {
  return { ...noCounts(), ...some };
}

/** A radar whose every hour is known: each health is there at least once. */
export function seededSource() {
  const redriven: { id: string; subscriber: string }[] = [];
  const listeners = new Set<() => void>();
  const orders = new Map([
    ['2026-11-21T10', counts({ committed: 4_000, handled: 3_999, missing: 1 })],
    ['2026-11-22T03', counts({ committed: 90, handled: 80, dead: 10 })],
    ['2026-11-22T18', counts({ committed: 12, handled: 12 })],
    ['2026-11-23T06', counts({ committed: 2_000, handled: 2_000 })],
    ['2026-11-23T07', counts({ committed: 120, handled: 118, missing: 2 })],
    ['2026-11-23T08', counts({ committed: 30, handled: 20, inFlight: 10 })],
  ]);
  const lines = new Map([
    ['orders', orders],
    ['payments', new Map([['2026-11-23T08', counts({ committed: 5, handled: 5 })]])],
  ]);
  const traced: TracedMessage = {
    id: LOST,
    type: 'order.placed',
    businessLine: 'orders',
    key: 'order-17',
    committed: NOW - 3_600_000,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    subscribers: [
      {
        subscriber: 'reserve-stock',
        state: 'handled',
        relayed: NOW - 3_599_000,
        received: NOW - 3_598_500,
        ended: NOW - 3_598_000,
        attempts: 2,
        function: 'reserve',
        request: 'r-1',
        published: [],
      },
      {
        subscriber: 'take-payment',
        state: 'missing',
        relayed: NOW - 3_599_000,
        hop: 'broker',
        evidence: 'sent at 07:14, never received, and the queue is empty',
        overdueMs: 3_540_000,
        published: [],
      },
    ],
  };
  const source: RadarSource = {
    ledger: 'Shop-Ledger',
    map: async (days) => ({ now: NOW, days, lines }),
    async bucket(businessLine, hour): Promise<BucketDetail> {
      const line = lines.get(businessLine);
      if (!line) throw new UnknownBusinessLine(`There is no business line '${businessLine}'`);
      const total = line.get(hour) ?? noCounts();
      const common = { type: 'order.placed', subscriber: 'take-payment' };
      const evidence = 'sent at 07:14, never received, and the queue is empty';
      return {
        businessLine,
        hour,
        counts: total,
        minutes: new Map([[`${hour}:14`, total]]),
        missing: total.missing > 0 ? [{ ...common, id: LOST, hop: 'broker', evidence, overdueMs: 3_540_000 }] : [],
        dead: total.dead > 0 ? [{ ...common, id: LOST, reason: 'rejected' }] : [],
        isCut: false,
      };
    },
    async latency() {
      return {
        times: [NOW / 1000 - 120, NOW / 1000 - 60, NOW / 1000],
        median: [0.4, 0.5, 0.4],
        slow: [1, 2, 1.5],
        sampled: 60,
      };
    },
    async trace(id) {
      if (id !== LOST) throw new UnknownMessage(`No message '${id}' was committed to the ledger`);
      return traced;
    },
    async redrive(id, subscriber) {
      if (id !== LOST) throw new UnknownMessage(`No message '${id}' is in the ledger`);
      redriven.push({ id, subscriber });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return {
    source,
    redriven,
    /** Changes the counts of the orders of an hour, as a refresh would. */
    change(hour: string, some: Partial<Counts>) {
      orders.set(hour, counts(some));
      for (const listener of listeners) listener();
    },
    watchers: () => listeners.size,
  };
}

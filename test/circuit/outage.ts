import { z } from 'zod';
import { toItem } from '../../lib/aws/attribute.ts';
import { type ConsumeOptions, consume } from '../../lib/consume/consume.ts';
import type { BreakerSettings } from '../../lib/contract/breaker.ts';
import { defineEvent } from '../../lib/contract/event.ts';
import { defineSubscriber } from '../../lib/contract/subscriber.ts';
import { type CircuitRow, circuitKey } from '../../lib/ledger/rows/circuit.ts';
import { RetryLater } from '../../lib/public/index.ts';
import { MemoryStack, type MemoryStackOptions } from '../../lib/public/testing.ts';
import { publish } from '../../lib/publish/publish.ts';
import { toRow } from '../../lib/testing/engines/dynamodb/table.ts';

export const Placed = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string() }),
  key: ({ orderId }) => orderId,
  businessLine: 'orders',
});
export const TakePayment = defineSubscriber('take-payment', { consumes: [Placed] });

export class ProviderDown extends Error {
  override readonly name = 'ProviderDown';
}

export interface OutageOptions extends Partial<Pick<MemoryStackOptions, 'wire' | 'sourceLag' | 'retention'>> {
  readonly breaker?: Partial<BreakerSettings>;
  readonly stream?: boolean;
  readonly consume?: ConsumeOptions;
  /** What a handler does. @default it fails while the provider is down */
  readonly handle?: (orderId: string) => void;
}

/** A run of the handler. */
export interface Run {
  readonly at: number;
  readonly failed: boolean;
  readonly orderId: string;
  /** Of the circuit, as it was when the handler ran. */
  readonly state: string;
}

/** A subscriber whose provider may fail, with a breaker, in memory. */
export function openOutage({ breaker = {}, stream = false, ...options }: OutageOptions = {}) {
  let isDown = false;
  let published = 0;
  const runs: Run[] = [];
  const handler = consume(
    TakePayment,
    ({ orderId }) => {
      runs.push({ at: stack.now, failed: isDown, orderId, state: circuit()?.state ?? 'closed' });
      options.handle?.(orderId);
      if (isDown) throw new ProviderDown('the provider does not answer');
    },
    options.consume,
  );
  const stack = new MemoryStack({
    subscribers: [TakePayment],
    handlers: { 'take-payment': handler },
    breakers: { 'take-payment': breaker },
    ...(stream && { streams: { orders: [TakePayment] } }),
    ...(options.wire && { wire: options.wire }),
    ...(options.sourceLag && { sourceLag: options.sourceLag }),
    ...(options.retention && { retention: options.retention }),
  });
  const environment = stack.environment();
  const circuit = (): CircuitRow | undefined => {
    const row = stack.ledger.get(toItem(circuitKey('take-payment')));
    return row && (toRow(row) as unknown as CircuitRow);
  };
  return {
    stack,
    runs,
    environment,
    fail: () => {
      isDown = true;
    },
    mend: () => {
      isDown = false;
    },
    /** Publishes so many messages a second, for some seconds. */
    async load(perSecond: number, seconds: number): Promise<void> {
      const steps = Math.max(1, Math.round(seconds * 10));
      for (let step = 0; step < steps; step++) {
        const until =
          Math.round(((step + 1) * perSecond * seconds) / steps) - Math.round((step * perSecond * seconds) / steps);
        for (let one = 0; one < until; one++) {
          published += 1;
          await publish(Placed, { orderId: String(published) }, { environment });
        }
        await stack.advance('100ms');
      }
    },
    get published() {
      return published;
    },
    circuit,
    ended: (state: string) =>
      stack.ledger.rows().filter(({ pk, state: ended }) => String(pk).startsWith('in#') && ended === state).length,
    isOn: () => stack.lambda?.isOn('take-payment-source-0'),
  };
}

/** An outage that has ended, of a circuit whose 12 messages all rest for another quarter of an hour, but for 3 that are tried. */
export async function restingOutage() {
  const outage = openOutage({
    breaker: { failures: 3, probes: 5 },
    handle: (orderId) => {
      const isFirst = outage.runs.filter((run) => run.orderId === orderId).length === 1;
      if (isFirst && Number(orderId) <= 12) throw new RetryLater('15m');
    },
  });
  await outage.load(12, 1);
  outage.fail();
  await outage.load(3, 1);
  for (let second = 0; second < 60 && outage.circuit()?.state !== 'open'; second++) await outage.stack.advance('1s');
  outage.mend();
  return outage;
}

import { toItem } from '../../lib/aws/attribute.ts';
import { operate } from '../../lib/circuit/operate.ts';
import { consume } from '../../lib/consume/consume.ts';
import { ledgerOf } from '../../lib/ledger/ledger.ts';
import { type ScaleRow, scaleKey } from '../../lib/ledger/rows/scale.ts';
import { MemoryStack, type MemoryStackOptions } from '../../lib/public/testing.ts';
import { publish } from '../../lib/publish/publish.ts';
import { toRow } from '../../lib/testing/engines/dynamodb/table.ts';
import { Placed, ProviderDown, TakePayment } from '../circuit/outage.ts';

/** The event source of the subscriber's queue. */
export const SOURCE = 'take-payment-source-0';

interface Given extends Partial<Pick<MemoryStackOptions, 'wire' | 'sourceLag' | 'breakers' | 'scales' | 'watched'>> {
  /** Whether it reads a stream. @default false */
  readonly ofStream?: boolean;
}

/** A subscriber in memory that scales above 100 messages. What is published while its event source is off waits. */
export function openOverload({ ofStream = false, ...given }: Given = {}) {
  let isDown = false;
  const stack = new MemoryStack({
    subscribers: [TakePayment],
    handlers: {
      'take-payment': consume(TakePayment, () => {
        if (isDown) throw new ProviderDown('the provider does not answer');
      }),
    },
    scales: { 'take-payment': { doubleAbove: 100, halveBelow: 10 } },
    ...(ofStream && { streams: { orders: [TakePayment] } }),
    ...given,
  });
  const environment = stack.environment();
  let published = 0;
  return {
    stack,
    concurrency: () => stack.lambda?.concurrencyOf(SOURCE),
    /** Every figure to which the event source was set, in turn. */
    figures: () => stack.lambda?.changes.map(({ ScalingConfig }) => ScalingConfig?.MaximumConcurrency),
    row: (): ScaleRow | undefined => {
      const row = stack.ledger.get(toItem(scaleKey('take-payment')));
      return row && (toRow(row) as unknown as ScaleRow);
    },
    /** Switches the event source off or on, as an operator would. */
    switchTo: (Enabled: boolean) => stack.lambda?.update({ UUID: SOURCE, Enabled }),
    /** Has the handler's provider fail, or be well again. */
    fail: (fails: boolean) => {
      isDown = fails;
    },
    /** Pauses the subscriber, as `waybill pause` does. */
    async pause(): Promise<void> {
      await operate(ledgerOf(environment), 'take-payment', 'pause', stack.queues.get('controller')?.url ?? '');
      await stack.advance('5s');
    },
    async publish(count: number): Promise<void> {
      for (let one = 0; one < count; one++) {
        published += 1;
        await publish(Placed, { orderId: String(published) }, { environment });
      }
    },
  };
}

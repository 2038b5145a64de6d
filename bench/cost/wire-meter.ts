import type { ConsumedCapacity } from '@aws-sdk/client-dynamodb';
import type { StackWire } from '../../lib/testing/stack/options.ts';

/** Counts what the producers and functions of a stack send. */
export class WireMeter {
  calls = 0;
  sqsBatches = 0;
  writeUnits = 0;
  readUnits = 0;

  readonly wire: StackWire = async ({ operation }, apply) => {
    this.calls++;
    if (operation === 'SendMessageBatch') this.sqsBatches++;
    const answer = apply() as { readonly ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] };
    for (const { CapacityUnits = 0 } of [answer.ConsumedCapacity ?? []].flat()) {
      if (/Get|Query/.test(operation)) this.readUnits += CapacityUnits;
      else this.writeUnits += CapacityUnits;
    }
    return answer;
  };

  /** Counts from the beginning. */
  reset(): void {
    Object.assign(this, { calls: 0, sqsBatches: 0, writeUnits: 0, readUnits: 0 });
  }
}

import type { ConsumedCapacity } from '@aws-sdk/client-dynamodb';
import type { StackWire } from '../../lib/testing/stack/options.ts';

/** Counts what the producers and functions of a stack send. */
export class WireMeter {
  calls = 0;
  sqsBatches = 0;
  writeUnits = 0;
  readUnits = 0;

  readonly wire: StackWire = async ({ operation }, apply) => this.note(operation, apply());

  /** Counts a call by its answer, and gives that back. */
  note<Answer extends object>(operation: string, answer: Answer): Answer {
    this.calls++;
    if (operation === 'SendMessageBatch') this.sqsBatches++;
    const { ConsumedCapacity = [] } = answer as { readonly ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] };
    for (const { CapacityUnits = 0 } of [ConsumedCapacity].flat()) {
      if (/Get|Query/.test(operation)) this.readUnits += CapacityUnits;
      else this.writeUnits += CapacityUnits;
    }
    return answer;
  }
}

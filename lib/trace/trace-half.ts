import type { Environment } from '../aws/environment.ts';
import type { InspectionOptions } from '../inspect/inspection.ts';
import { readHalf } from '../ledger/half.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import type { HalfRow } from '../ledger/rows/half.ts';
import { decodeEnvelope } from '../message/envelope.ts';
import { messageTime } from '../message/message-id.ts';
import { readMessage } from './committed-message.ts';
import { trace } from './trace.ts';
import type { TracedMessage } from './traced-message.ts';

/** A half message: what its producer has decided, and what came of it. */
export interface TracedHalf {
  /** The half id. */
  readonly half: string;
  readonly state: HalfRow['state'];
  readonly type: string;
  readonly businessLine: string;
  readonly key: string;
  /** The id of the producer's local transaction. */
  readonly transaction: string;
  /** When it was prepared, in milliseconds since the epoch. */
  readonly prepared: number;
  /** Of a delayed message: when it is to be delivered, in milliseconds since the epoch. */
  readonly due?: number;
  /** When somebody asked for its decision, to the hour and a half, in milliseconds since the epoch. */
  readonly asked?: number;
  /** Since when nobody asks for its decision any more, in milliseconds since the epoch. */
  readonly quarantined?: number;
  /** The id of the message, once it is committed. */
  readonly message?: string;
  /** The chain that the message belongs to, from its root; absent once its rows have been cleaned up. */
  readonly chain?: TracedMessage;
}

/**
 * Shows a half message, and what came of it once it was committed.
 *
 * @throws MalformedMessage when it is no id
 * @throws UnknownMessage when no such half message was prepared, or its row has been cleaned up
 */
export async function traceHalf(
  environment: Environment,
  options: InspectionOptions,
  halfId: string,
): Promise<TracedHalf> {
  const ledger = ledgerOf(environment, options);
  const row = await readHalf(ledger, halfId);
  const { state, transaction, message, asked, quarantined } = row;
  const { type, businessline, partitionkey, deliverat } = decodeEnvelope(row.envelope);
  const committed = message && (await readMessage(ledger, message));
  return {
    half: halfId,
    state,
    type,
    businessLine: businessline,
    key: partitionkey,
    transaction,
    prepared: messageTime(halfId),
    ...(deliverat && { due: Date.parse(deliverat) }),
    ...(asked !== undefined && { asked }),
    ...(quarantined !== undefined && { quarantined }),
    ...(message && { message }),
    ...(message && committed && { chain: await trace(environment, options, message) }),
  };
}

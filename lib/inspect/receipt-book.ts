import { unmarshall } from '@aws-sdk/util-dynamodb';
import { parse } from 'uuid';
import { concurrently } from '../aws/concurrently.ts';
import { LIMITS } from '../contract/limits.ts';
import { MINUTE_MS } from '../contract/time.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { rowsOf } from '../ledger/partition.ts';
import { minuteOf } from '../ledger/rows/layout.ts';
import { type ReceiptRow, receiptPartition } from '../ledger/rows/receipt.ts';
import { messageTime } from '../message/message-id.ts';

/** How long after its commit a message's receipt is looked for: a relay that lags more sends again, which harms nobody. */
const SEARCHED_MINUTES = 60;
const READS_AT_ONCE = 8;
const ID_BYTES = 16;

interface Entry {
  readonly to: string;
  readonly sent: number;
  readonly ids: Buffer;
}

/** What the relay has written down of what it sent where. Each minute is read once, when it is first asked for. */
export class ReceiptBook {
  readonly #ledger: Ledger;
  readonly #minutes = new Map<string, Promise<readonly Entry[]>>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /**
   * When the relay had sent a message, in milliseconds since the epoch; `undefined` where no receipt says so.
   *
   * @param to the subscriber of a queue, or the stream
   * @param deliverAt of a delayed message: what does not fit into a queue's delay is sent only when its moment comes near
   */
  async sentAt(id: string, to: string, deliverAt = 0): Promise<number | undefined> {
    const wanted = Buffer.from(parse(id));
    const start = Math.max(messageTime(id), deliverAt - LIMITS.queueDelaySeconds * 1000);
    const end = Math.min(this.#ledger.environment.now(), start + SEARCHED_MINUTES * MINUTE_MS);
    // The relay's clock may be behind the producer's.
    for (let time = start - MINUTE_MS; time < end + MINUTE_MS; time += MINUTE_MS) {
      const entries = await this.#entriesOf(minuteOf(time));
      const found = entries.find((entry) => entry.to === to && holds(entry.ids, wanted));
      if (found) return found.sent;
    }
    return undefined;
  }

  #entriesOf(minute: string): Promise<readonly Entry[]> {
    const known = this.#minutes.get(minute);
    if (known !== undefined) return known;
    const read = this.#read(minute);
    this.#minutes.set(minute, read);
    return read;
  }

  async #read(minute: string): Promise<readonly Entry[]> {
    const shards = Array.from({ length: this.#ledger.shards }, (_, shard) => shard);
    const rows = await concurrently(READS_AT_ONCE, shards, (shard) =>
      rowsOf(this.#ledger, receiptPartition(minute, shard), { consistent: true }),
    );
    return rows.flat().flatMap((row) => {
      const { sk, sent } = unmarshall({ ...row }) as ReceiptRow;
      return sent.map(({ to, ids }) => ({ to, sent: messageTime(sk), ids: Buffer.from(ids) }));
    });
  }
}

/** Whether packed ids hold this one: the same bytes across two ids are none. */
function holds(ids: Buffer, wanted: Buffer): boolean {
  for (let at = ids.indexOf(wanted); at !== -1; at = ids.indexOf(wanted, at + 1)) {
    if (at % ID_BYTES === 0) return true;
  }
  return false;
}

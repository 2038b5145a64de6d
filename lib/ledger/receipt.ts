import { parse, stringify } from 'uuid';
import { DAY_MS } from '../contract/time.ts';
import { mintMessageId } from '../message/message-id.ts';
import { type Ledger, putRow } from './ledger.ts';
import { type ReceiptRow, receiptKey } from './rows/receipt.ts';

/** What was sent to one destination. */
export interface Sent {
  /** The subscriber of a queue, or the stream; `SCHEDULE` of what was put to wait. */
  readonly to: string;
  readonly ids: readonly string[];
}

/** How receipts name what was put to wait for its moment. No subscriber and no stream can be called so. */
export const SCHEDULE = '#schedule';

const ID_BYTES = 16;
/** What a destination takes in a row beside its ids and its name. */
const ENTRY_BYTES = 64;

/**
 * Bytes of one row's ids and destinations: well below the 400 KB that DynamoDB takes.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 */
export const RECEIPT_BYTES = 350_000;

/** The outbox row that a receipt speaks of lives for 14 days by default, and an inbox row 3 days longer. */
const LIFETIME_MS = 17 * DAY_MS;

/** Writes down what one relayed batch carried where: one row, or several where one would grow too large. */
export async function writeReceipts(ledger: Ledger, sent: readonly Sent[]): Promise<number> {
  const parts = cutReceipts(sent);
  for (const part of parts) await putRow(ledger, receiptRow(ledger, part));
  return parts.length;
}

/** What a receipt says was sent. */
export function readReceipt(row: Pick<ReceiptRow, 'sent'>): Sent[] {
  return row.sent.map(({ to, ids }) => ({
    to,
    ids: Array.from({ length: ids.byteLength / ID_BYTES }, (_, index) =>
      stringify(ids.subarray(index * ID_BYTES, (index + 1) * ID_BYTES)),
    ),
  }));
}

/** Divides what was sent into parts that each fit into one row. Nothing is lost, doubled or reordered. */
export function cutReceipts(sent: readonly Sent[], limit: number = RECEIPT_BYTES): Sent[][] {
  const parts: Sent[][] = [];
  let room = 0;
  for (const { to, ids } of sent) {
    const head = ENTRY_BYTES + Buffer.byteLength(to);
    for (let start = 0; start < ids.length; ) {
      if (parts.length === 0 || room < head + ID_BYTES) {
        parts.push([]);
        room = limit;
      }
      const count = Math.max(1, Math.floor((room - head) / ID_BYTES));
      const slice = ids.slice(start, start + count);
      parts.at(-1)?.push({ to, ids: slice });
      room -= head + slice.length * ID_BYTES;
      start += count;
    }
  }
  return parts;
}

function receiptRow({ environment, shards }: Ledger, sent: readonly Sent[]): ReceiptRow {
  const now = environment.now();
  const key = sent[0]?.ids[0] ?? '';
  const batchId = mintMessageId({ now, random: environment.random(16), key, shards });
  return {
    ...receiptKey(batchId),
    sent: sent.map(({ to, ids }) => ({ to, ids: Buffer.concat(ids.map((id) => parse(id))) })),
    ttl: Math.ceil((now + LIFETIME_MS) / 1000),
  };
}

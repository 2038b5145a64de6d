import { unmarshall } from '@aws-sdk/util-dynamodb';
import { getRows } from '../ledger/batch-get.ts';
import { deadRowOf } from '../ledger/dead.ts';
import { getRow, type Ledger, putRow } from '../ledger/ledger.ts';
import { type InboxRow, inboxKey } from '../ledger/rows/inbox.ts';
import type { LedgerKey } from '../ledger/rows/layout.ts';
import { redriveKey } from '../ledger/rows/redrive.ts';
import { idIn, walkLetters } from './sweep-letters.ts';

/** That the letters of a subscriber were entered, which died before the ledger had rows of what is dead. */
interface EnteredRow extends LedgerKey {
  /** Milliseconds since the epoch. */
  readonly entered: number;
}

/** No operation is called so. */
const ENTERED = 'entered';

/**
 * Enters what died before the ledger had rows of what is dead, from its letters: once a subscriber. Doing it again changes
 * nothing.
 *
 * @param until when to begin nothing more, in milliseconds since the epoch: the next call goes on
 * @returns whether it is done
 */
export async function enterLetters(
  ledger: Ledger,
  subscriber: string,
  queueUrl: string,
  until: number,
): Promise<boolean> {
  const key = redriveKey(subscriber, ENTERED);
  if (await getRow<EnteredRow>(ledger, key)) return true;
  const done = await walkLetters(ledger, queueUrl, until, async (letters) => {
    const ids = letters.flatMap((letter) => idIn(letter, subscriber) ?? []);
    const rows = await getRows(
      ledger,
      [...new Set(ids)].map((id) => inboxKey(subscriber, id)),
    );
    for (const item of rows) {
      const row = unmarshall(item) as InboxRow;
      if (row.state === 'dead') await putRow(ledger, deadRowOf(subscriber, row, ledger.shards));
    }
    return letters;
  });
  if (done) await putRow<EnteredRow>(ledger, { ...key, entered: ledger.environment.now() });
  return done;
}

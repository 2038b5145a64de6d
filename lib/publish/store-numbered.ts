import { toItem } from '../aws/attribute.ts';
import { TransactionRefused } from '../contract/errors.ts';
import { writtenFormat } from '../ledger/format.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { mintingShards } from '../ledger/minted-shards.ts';
import { type OutboxRow, outboxRow } from '../ledger/rows/outbox.ts';
import { sealed } from '../ledger/signing.ts';
import type { Envelope } from '../message/envelope.ts';
import { withNewId } from '../message/with-new-id.ts';
import { commit } from '../transaction/commit.ts';
import { idSourceOf } from '../transaction/tails.ts';

/**
 * Writes new outbox rows of messages that are in a sequence, one after the other: each in a transaction with the counter of
 * its key. Others are left out.
 *
 * @param until when to stop trying, in milliseconds since the epoch
 * @param stored is told each message as it is durable: with its number, and with another id where its own was too old
 * @throws CommitUndecided, TransactionRefused when one is not known to be written: those behind it were not tried
 */
export async function storeNumbered(
  ledger: Ledger,
  messages: readonly Envelope[],
  until: number,
  stored: (place: number, message: Envelope, row: OutboxRow) => void,
): Promise<void> {
  const { environment, table } = ledger;
  for (const [place, message] of messages.entries()) {
    if (message.order === undefined) continue;
    let envelope = message;
    for (let known = false; !known; ) {
      const pending = { message: envelope, row: undefined as OutboxRow | undefined };
      const put = (numbered: Envelope) => {
        pending.message = sealed(environment, numbered);
        pending.row = { ...outboxRow(pending.message, writtenFormat(ledger)), sending: 'pending' };
        return { Put: { TableName: table, Item: toItem(pending.row) } };
      };
      const unnumbered = { envelope, table, put };
      const action = { item: put(envelope), role: { kind: 'outbox' as const }, row: `the message '${envelope.type}'` };
      const result = await commit(environment, [{ ...action, unnumbered }], until);
      known = result.kind === 'committed';
      if (known && pending.row) stored(place, pending.message, pending.row);
      else if (result.kind === 'conditionFailed') {
        envelope = withNewId(idSourceOf(environment, table, envelope), mintingShards(ledger), envelope, undefined);
      } else throw new TransactionRefused(`DynamoDB refused ${action.row}: ${result.kind}`);
    }
  }
}

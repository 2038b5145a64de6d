import { log2OfShards } from '../../message/message-id.ts';

/** @throws InvalidDefinition for a number of shards that no ledger can have */
export function checkedShards(shards = 16): number {
  log2OfShards(shards);
  return shards;
}

import { half, prepare } from '../half/half.ts';
import { send, sendBatch } from '../publish/send.ts';

/**
 * Sends messages from where there is no transaction on the ledger: by handshake (`send`, `sendBatch`), or bound to a
 * transaction in another store (`prepare`, `half`). Where the business write is in DynamoDB, `transact` is cheaper.
 */
export const producer = { send, sendBatch, prepare, half } as const;

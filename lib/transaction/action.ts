import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { Bindings } from '../aws/bindings.ts';
import type { Environment } from '../aws/environment.ts';
import type { EventDefinition } from '../contract/event.ts';
import type { AnyTable } from '../contract/table.ts';
import type { Envelope } from '../message/envelope.ts';
import type { Role } from './outcome.ts';

/** One action of a transaction, and why it is there. */
export interface Action {
  readonly item: TransactWriteItem;
  readonly role: Role;
  /** Left out where the handler's own actions leave no room for it. @default false */
  readonly spare?: boolean;
  /** Names the row in errors: the table and the columns of its key, never their values. */
  readonly row: string;
  /** Of a message in a sequence: it takes its number when it commits. */
  readonly unnumbered?: Unnumbered;
}

/** A message that has no number yet, and its row once it has. */
export interface Unnumbered {
  readonly envelope: Envelope;
  /** The ledger's table. */
  readonly table: string;
  readonly put: (numbered: Envelope) => TransactWriteItem;
}

export interface TransactionContext {
  readonly environment: Environment;
  readonly bindings: Bindings;
  /** The subscriber's or producer's name: the publisher of its messages and the owner of its idempotency keys. */
  readonly owner: string;
  /** The message that is being handled, if one is. */
  readonly cause?: Envelope;
  readonly publishes?: readonly EventDefinition[];
  readonly tables?: readonly AnyTable[];
  /** Called at each use that comes after the handler has returned. */
  readonly onLateUse?: () => void;
  /** Actions that commit with the inbox row: see `companionsOf`. @default none */
  readonly companions?: readonly Action[];
  /** Actions that may still come to the companions. @default 0 */
  readonly reserved?: number;
}

import type { AnyTable, TableItem } from '../../contract/table.ts';
import type { EndState } from '../../ledger/rows/inbox.ts';
import type { ServiceEntry, TestService } from '../../testing/service.ts';

/** How a message ended at a subscriber. */
export interface EndedMessage {
  readonly subscriber: string;
  readonly state: EndState;
  readonly id: string;
  readonly type: string;
  /** As the wire carries it. */
  readonly payload: unknown;
  /** Milliseconds since the epoch. */
  readonly endedAt: number;
  /** Why it is dead. */
  readonly reason?: string;
}

/** What a run has left behind. */
export interface RunState {
  /** The rows of a business table, ordered by their keys. */
  rows<Table extends AnyTable>(table: Table): TableItem<Table>[];
  /** What a service outside has done, in order. */
  done<Input, Answer>(service: TestService<Input, Answer>): readonly ServiceEntry<Input, Answer>[];
  /** Every message at every subscriber where it has ended. */
  readonly ended: readonly EndedMessage[];
  /** Every message that was committed. */
  readonly committed: readonly { readonly id: string; readonly type: string; readonly payload: unknown }[];
  /** The transaction ids of half messages that nobody has decided. */
  readonly undecided: readonly string[];
}

import { hash } from 'node:crypto';
import type { Change, QueueEvent, StoredMessage, StoredRecord } from '../../testing/engines/index.ts';
import type { Acknowledged } from '../checks/acknowledged.ts';
import type { LedgerRow } from './ledger-row.ts';

/** Who sent the request that an engine has carried out. */
export interface Origin {
  /** The function, or the function of the event source. */
  readonly actor: string;
  /** Which invocation of it; absent for an event source. */
  readonly invocation?: number;
  readonly operation: string;
}

interface Recorded {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Numbers what was committed by one request; all rows of a transaction have one. */
  readonly commit: number;
  /** Absent where no request did it: time to live, a fault, the set-up. */
  readonly origin?: Origin;
}

/** A row that has changed. */
export interface RowEntry extends Recorded {
  readonly kind: 'row';
  readonly change: Change;
  /** Which of the ledger's rows it is; absent of a business row. */
  readonly row?: LedgerRow;
}

/** What has become of a message in a queue. */
export interface QueueEntry extends Recorded {
  readonly kind: 'queue';
  readonly event: Omit<QueueEvent, 'message'> & { readonly message: Readonly<StoredMessage> };
}

/** A record that has come to lie in a stream. */
export interface StreamEntry extends Recorded {
  readonly kind: 'stream';
  readonly stream: string;
  readonly record: StoredRecord;
}

/** A function that was invoked with the records of a batch. */
export interface InvocationEntry extends Recorded {
  readonly kind: 'invocation';
  readonly actor: string;
  readonly invocation: number;
  readonly event: object;
  /** Whether its code is that before the function's last deploy. */
  readonly old?: true;
  /** Whether its code is that before it came to consume its event type. */
  readonly former?: true;
}

/** An invocation that has returned, and thrown nothing: its event source takes the batch for done. */
export interface ReturnedEntry extends Recorded {
  readonly kind: 'returned';
  readonly actor: string;
  readonly invocation: number;
  readonly result: unknown;
}

/** An invocation that was killed, since operators have its function killed. */
export interface KilledEntry extends Recorded {
  readonly kind: 'killed';
  readonly actor: string;
  readonly invocation: number;
}

/** A message of which reconciliation has said that nobody committed it. */
export interface NamedEntry extends Recorded {
  readonly kind: 'named';
  /** Of the reconciler. */
  readonly invocation: number;
  readonly id: string;
  readonly subscriber: string;
}

/** A queue or a stream that takes nothing from now on, or a subscriber that reads nothing, for some time. */
export interface SickEntry extends Recorded {
  readonly kind: 'sick';
  readonly to: string;
}

/** A handler that asks a service outside. */
export interface ServedEntry extends Recorded {
  readonly kind: 'served';
  readonly actor: string;
  readonly invocation: number;
  readonly service: string;
  /** The key of its request. */
  readonly key: string;
  /** Whether the service fails. */
  readonly failed: boolean;
}

/** An event source that is switched off, or on. */
export interface SwitchedEntry extends Recorded {
  readonly kind: 'switched';
  /** The id of its mapping. */
  readonly source: string;
  readonly isOn: boolean;
}

/** From now on nothing fails any more. */
export interface HealedEntry extends Recorded {
  readonly kind: 'healed';
}

/** A subscriber whose routes CloudFormation was told are written, or are ended. */
export interface DeployedEntry extends Recorded {
  readonly kind: 'deployed';
  readonly subscriber: string;
  readonly action: 'added' | 'removed';
  /** When it was first asked for, in milliseconds since the epoch. */
  readonly began: number;
}

/** A subscriber's queue that is gone, with all that was in it. */
export interface QueueDeletedEntry extends Recorded {
  readonly kind: 'queue-deleted';
  readonly queue: string;
}

/** A producer that was told what has become of its messages. */
export interface AcknowledgedEntry extends Recorded, Acknowledged {
  readonly kind: 'acknowledged';
  /** Of the producer. */
  readonly invocation: number;
}

export type RecordEntry =
  | RowEntry
  | QueueEntry
  | StreamEntry
  | InvocationEntry
  | ReturnedEntry
  | KilledEntry
  | NamedEntry
  | SickEntry
  | ServedEntry
  | SwitchedEntry
  | HealedEntry
  | DeployedEntry
  | QueueDeletedEntry
  | AcknowledgedEntry;

type Unrecorded = RecordEntry extends infer Entry
  ? Entry extends Recorded
    ? Omit<Entry, keyof Recorded>
    : never
  : never;

/**
 * What happened in a run, in the order in which the engines committed it. It is written by the engines and by the
 * simulated Lambda alone, never by the code that is under test, and only ever grows.
 */
export class RunRecord {
  readonly entries: RecordEntry[] = [];
  /** One line for each thing that happened, faults included. */
  readonly trace: string[] = [];
  readonly #now: () => number;
  #commit = 0;
  #origin: Origin | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Runs what a request asks for, so that whatever is committed by it is recorded as its doing. */
  during<Result>(origin: Origin, apply: () => Result): Result {
    this.#commit += 1;
    this.#origin = origin;
    try {
      return apply();
    } finally {
      this.#origin = undefined;
      this.#commit += 1;
    }
  }

  add(entry: Unrecorded): void {
    const recorded = {
      ...entry,
      at: this.#now(),
      commit: this.#commit,
      ...(this.#origin && { origin: this.#origin }),
    };
    this.entries.push(recorded as RecordEntry);
  }

  /** Adds a line to the trace. */
  note(line: string): void {
    this.trace.push(`${this.#now()} ${line}`);
  }

  /** Says whether two runs were the same. */
  hash(): string {
    return hash('sha256', this.trace.join('\n'));
  }
}

import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { When } from '../aws/condition.ts';
import type { DelayOf } from '../contract/delay.ts';
import type { Duration } from '../contract/duration.ts';
import type { EventDefinition, EventInput } from '../contract/event.ts';
import type { SagaDefinition } from '../contract/saga-shape.ts';
import type { AnyTable, TableItem, TableKey } from '../contract/table.ts';
import type { Otherwise } from './outcome.ts';

/**
 * Everything that a handler does: it is committed in one `TransactWriteItems`, together with the proof that the message
 * was handled, when the handler returns. Nothing takes effect before, and using it afterwards throws.
 */
export interface Transaction<Table extends AnyTable = AnyTable, Event extends EventDefinition = EventDefinition> {
  /**
   * Writes a whole row, validated by the table's schema. Where the table declares a `version`, a row that this
   * transaction has not read is overwritten only by a greater version.
   * @throws InvalidPayload when the row does not satisfy the schema
   */
  put<T extends Table>(table: T, item: TableItem<T>, options?: Conditional<TableItem<T>>): void;
  /**
   * Changes columns of a row, each validated by the table's schema. A row that is not there is a condition that does not
   * hold, unless `create` says otherwise.
   * @throws InvalidPayload when a column, or the row that would be created, does not satisfy the schema
   */
  update<T extends Table>(table: T, key: TableKey<T>, change: Change<TableItem<T>, keyof TableKey<T>>): void;
  /** Deletes a row. A row that is not there is no error, unless `when` says so. */
  delete<T extends Table>(table: T, key: TableKey<T>, options?: Conditional<TableItem<T>>): void;
  /** Requires something of a row without writing it. */
  check<T extends Table>(table: T, key: TableKey<T>, options: Conditional<TableItem<T>>): void;
  /**
   * Reads a row, strongly consistently. Where the table declares a `version`, a later write of the row in this
   * transaction takes effect only if nobody has written it meanwhile; otherwise the handler runs again. A whole number
   * that a number does not hold exactly, such as 9007199254740993, is read as a BigInt.
   */
  get<T extends Table>(table: T, key: TableKey<T>): Promise<TableItem<T> | undefined>;
  /** Any action of `TransactWriteItems`, on any table that the function may write. */
  raw(action: TransactWriteItem, options?: { readonly otherwise?: Otherwise }): void;
  /**
   * Says that all messages with this idempotency key mean the same thing: only the first takes effect at this
   * subscriber, the others end as `duplicate`.
   * @param options.keep how long the key is remembered, from now on, or 'forever'. @default as long as a copy of this
   * message can come: its `expires`, and 3 days
   * @throws TransactionMisused when `keep` is shorter than that
   */
  once(idempotencyKey: string, options?: { readonly keep?: Duration | 'forever' }): void;
  /**
   * Publishes a message with this transaction's commit, and returns its id.
   * @param delay nobody handles it before then: `{ delay: '2h' }` from now or `{ deliverAt }`, a year ahead at most.
   * Not of an event in a sequence, whose messages take their numbers when they commit.
   * @default at once
   * @throws InvalidPayload, LimitExceeded, InvalidDefinition before anything commits
   */
  publish<E extends Event>(event: E, payload: EventInput<E>, delay?: DelayOf<E>): string;
  /**
   * Starts a saga with this transaction's commit, and returns the id of its execution: of the message that starts it.
   * @throws InvalidPayload when its state machine could not carry the input: of more than 192 KB, or with a number of more
   * than 15 digits
   */
  start<Saga extends Event & SagaDefinition>(saga: Saga, input: EventInput<Saga>): string;
}

/** On which condition a write takes effect, and what happens where it does not hold. */
export interface Conditional<Item> {
  /** What must hold of the row. @default nothing, but for the lock of a row that was read */
  readonly when?: When<Item>;
  /**
   * What happens when it does not hold: run the handler again (up to 2 s, then redelivery), dead-letter the message, or
   * end it as a duplicate without any effect.
   * @default 'retry'
   */
  readonly otherwise?: Otherwise;
}

/** What becomes of a row's columns. Those of its key never change: a row with another key is another row. */
export interface Change<Item, Key extends PropertyKey = never> extends Conditional<Item> {
  /**
   * Creates the row where it is not there, of its key, what is set and what is added. That row satisfies the schema.
   * @default false, but where `when` is 'absent'
   */
  readonly create?: boolean;
  /** Columns that take a value. */
  readonly set?: { readonly [Column in keyof Item]?: Column extends Key ? never : Item[Column] };
  /** Numeric columns that grow by a number, from 0 where they are missing. */
  readonly add?: {
    readonly [Column in keyof Item]?: Column extends Key
      ? never
      : Item[Column] extends number | undefined
        ? number
        : never;
  };
  /** Columns that are removed: those that a row may lack. */
  readonly remove?: readonly OptionalColumn<Omit<Item, Key>>[];
}

type OptionalColumn<Item> = {
  [Column in keyof Item]-?: undefined extends Item[Column] ? Column : never;
}[keyof Item];

import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { fromItem, toItem } from '../aws/attribute.ts';
import { quietly } from '../aws/environment.ts';
import { Expression } from '../aws/expression.ts';
import { type Delay, deliveryTime } from '../contract/delay.ts';
import type { Duration } from '../contract/duration.ts';
import { LimitExceeded, TransactionMisused } from '../contract/errors.ts';
import type { EventDefinition, EventInput } from '../contract/event.ts';
import { LIMITS } from '../contract/limits.ts';
import { METRICS } from '../contract/metrics.ts';
import type { SagaDefinition } from '../contract/saga-shape.ts';
import { validate } from '../contract/schema.ts';
import type { AnyTable, TableItem, TableKey } from '../contract/table.ts';
import { writtenFormat } from '../ledger/format.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { mintingShards } from '../ledger/minted-shards.ts';
import { outboxRow } from '../ledger/rows/outbox.ts';
import { sealed } from '../ledger/signing.ts';
import { createEnvelope, type Envelope } from '../message/envelope.ts';
import { messageTime } from '../message/message-id.ts';
import type { Action, TransactionContext } from './action.ts';
import { type BusinessRow, conditionOf, keyOf, type RequestCondition, risesTo } from './business-row.ts';
import { updateExpression, validatedSet } from './change.ts';
import { idempotencyKeyPut } from './idempotency-key.ts';
import type { Lock, Otherwise } from './outcome.ts';
import { counterOf, knownTail, newestTime } from './tails.ts';
import type { Change, Conditional, Transaction } from './transaction.ts';

/**
 * Ids are minted at publish and committed within this, so that readers know when a minute's bucket is full: then nothing
 * is tried any more.
 */
export const COMMIT_MS = 60_000;

/** A transaction as a value: what a handler has asked for, to be inspected and committed. */
export class PendingTransaction implements Transaction {
  readonly actions: Action[] = [];
  readonly published: Envelope[] = [];
  readonly #context: TransactionContext;
  /** Actions that the transaction has room for, beside the inbox row and its companions. */
  readonly #room: number;
  readonly #rows = new Set<string>();
  readonly #locks = new Map<string, Lock>();
  /** Of the keys that its messages take numbers of: each is one more action. */
  readonly #counters = new Set<string>();
  /** Reads under way. */
  #reads = 0;
  #closed = false;

  constructor(context: TransactionContext) {
    this.#context = context;
    const { companions = [], reserved = 0 } = context;
    this.#room = LIMITS.transactionActions - 1 - reserved - companions.filter(({ spare }) => !spare).length;
  }

  /** All actions, in the order of a commit: the inbox row, its companions, then what the handler has asked for. */
  with(inbox: Action): Action[] {
    const { companions = [] } = this.#context;
    const room = LIMITS.transactionActions - 1 - this.actions.length - this.#counters.size;
    const going = companions.length <= room ? companions : companions.filter(({ spare }) => !spare);
    return [inbox, ...going, ...this.actions];
  }

  /** Adds an action of Waybill's own, for which a handler knows what it writes. */
  accompany(action: Action): void {
    this.#refuseClosed();
    this.#push(action);
  }

  /** Refuses any further use. */
  close(): void {
    this.#closed = true;
  }

  /**
   * Makes sure that the handler has waited for all that it began, since what comes after its return is lost.
   *
   * @param answer what the handler returned
   * @throws TransactionMisused when a read is still under way, or the handler answered with something
   */
  refuseUnfinished(answer: unknown): void {
    if (this.#reads > 0) {
      throw new TransactionMisused(
        `The handler returned while ${this.#reads} of its reads were under way: await each \`tx.get\`, and loop by \`for … of\``,
      );
    }
    if (answer !== undefined) {
      throw new TransactionMisused(
        'The handler answered with something: it returns nothing, or a promise of nothing, and is no generator',
      );
    }
  }

  /**
   * When to stop trying to commit it, in milliseconds since the epoch.
   *
   * @throws TransactionMisused when it has come already
   */
  commitBy(): number {
    const [first] = this.published;
    if (!first) return Number.POSITIVE_INFINITY;
    const until = messageTime(first.id) + COMMIT_MS;
    if (this.#context.environment.now() < until) return until;
    throw new TransactionMisused(
      `A message was published ${COMMIT_MS / 1000} s before its handler returned, which is too late to commit it: publish last`,
    );
  }

  put<T extends AnyTable>(table: T, item: TableItem<T>, options: Conditional<TableItem<T>> = {}): void {
    const valid = validate(table.item, item, table.name) as Record<string, unknown>;
    const target = this.#target(table, keyOf(table, valid));
    const { lock } = target;
    const column = table.version;
    const version = lock ? (lock.version ?? 0) + 1 : (valid[column ?? ''] ?? 1);
    const row = column ? { ...valid, [column]: version } : valid;
    this.#add(target, options, (condition) => {
      const expression = new Expression(table.name);
      // A row that was not read is overwritten by a greater version alone.
      const rises = column && !lock ? risesTo(expression, column, version) : undefined;
      return { Put: { TableName: target.tableName, Item: toItem(row, table.name), ...condition(expression, rises) } };
    });
  }

  update<T extends AnyTable>(table: T, key: TableKey<T>, change: Change<TableItem<T>, keyof TableKey<T>>): void {
    const target = this.#target(table, keyOf(table, key));
    const { lock } = target;
    const add = table.version ? { ...change.add, [table.version]: 1 } : change.add;
    const { remove, create = change.when === 'absent' } = change;
    const set = validatedSet(table, key, { ...change, add }, create && !lock?.exists);
    this.#add(target, change, (condition) => {
      const expression = new Expression(table.name);
      const text = updateExpression(expression, { set, add, remove });
      if (!text) throw new TransactionMisused(`An update of '${table.name}' changes nothing: give set, add or remove`);
      return {
        Update: {
          TableName: target.tableName,
          Key: target.key,
          UpdateExpression: text,
          ...condition(expression, create ? undefined : expression.condition(table.partitionKey, 'present')),
        },
      };
    });
  }

  delete<T extends AnyTable>(table: T, key: TableKey<T>, options: Conditional<TableItem<T>> = {}): void {
    const target = this.#target(table, keyOf(table, key));
    this.#add(target, options, (condition) => ({
      Delete: { TableName: target.tableName, Key: target.key, ...condition(new Expression(table.name)) },
    }));
  }

  check<T extends AnyTable>(table: T, key: TableKey<T>, options: Conditional<TableItem<T>>): void {
    const target = this.#target(table, keyOf(table, key));
    this.#add(target, options, (condition) => {
      const { ConditionExpression, ...rest } = condition(new Expression(table.name));
      if (!ConditionExpression)
        throw new TransactionMisused(`A check of '${table.name}' requires nothing: give \`when\``);
      return { ConditionCheck: { TableName: target.tableName, Key: target.key, ConditionExpression, ...rest } };
    });
  }

  async get<T extends AnyTable>(table: T, key: TableKey<T>): Promise<TableItem<T> | undefined> {
    const { tableName, id, key: attributes } = this.#target(table, keyOf(table, key));
    const command = new GetItemCommand({
      TableName: tableName,
      Key: attributes,
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    });
    this.#reads++;
    const reply = await this.#context.environment.dynamodb.send(command).finally(() => this.#reads--);
    const item = reply.Item && fromItem(reply.Item, table.bigints);
    // What the handler does may rest on its first reading, so that is the one that must still hold.
    if (table.version && !this.#locks.has(id)) {
      this.#locks.set(id, {
        column: table.version,
        exists: item !== undefined,
        version: item?.[table.version] as number | undefined,
      });
    }
    return item as TableItem<T> | undefined;
  }

  raw(action: TransactWriteItem, options: { readonly otherwise?: Otherwise } = {}): void {
    this.#refuseClosed();
    this.#push({
      item: action,
      role: { kind: 'business', otherwise: options.otherwise ?? 'retry' },
      row: 'a raw action',
    });
  }

  once(idempotencyKey: string, options: { readonly keep?: Duration | 'forever' } = {}): void {
    this.#refuseClosed();
    const { environment, bindings, owner, cause } = this.#context;
    const { keep } = options;
    const put = idempotencyKeyPut({
      ledger: bindings.ledger,
      owner,
      key: idempotencyKey,
      keep,
      cause,
      now: environment.now(),
    });
    this.#claim(`once ${idempotencyKey}`, 'one idempotency key');
    this.#push({ item: { Put: put }, role: { kind: 'once' }, row: 'an idempotency key' });
  }

  publish<E extends EventDefinition>(event: E, payload: EventInput<E>, delay: Delay = {}): string {
    this.#refuseClosed();
    const { bindings } = this.#context;
    const ledger = ledgerOf(this.#context.environment, bindings);
    const envelope = this.#envelope(event, payload, delay);
    const put = (message: Envelope) => ({
      Put: {
        TableName: bindings.ledger,
        Item: toItem(outboxRow(sealed(ledger.environment, message), writtenFormat(ledger))),
      },
    });
    const counter = envelope.order === undefined ? undefined : counterOf(bindings.ledger, envelope);
    // The counter of a key is one more row.
    if (counter !== undefined && !this.#counters.has(counter)) {
      this.#refuseFull(2);
      this.#counters.add(counter);
    }
    this.#push({
      item: put(envelope),
      role: { kind: 'outbox' },
      row: `the message '${event.type}'`,
      ...(counter !== undefined && { unnumbered: { envelope, table: bindings.ledger, put } }),
    });
    this.published.push(envelope);
    return envelope.id;
  }

  #envelope(event: EventDefinition, payload: unknown, delay: Delay): Envelope {
    const { environment, bindings, owner, cause, publishes } = this.#context;
    if (publishes && !publishes.some((declared) => declared.type === event.type)) {
      throw new TransactionMisused(
        `'${owner}' publishes '${event.type}' without declaring it: add it to \`publishes\``,
      );
    }
    const now = environment.now();
    const context = {
      now,
      random: (bytes: number) => environment.random(bytes),
      shards: mintingShards(ledgerOf(environment, bindings)),
      ledger: bindings.ledger,
      publisher: owner,
      ...(cause && { cause }),
      deliverAt: deliveryTime(delay, now),
    };
    const envelope = createEnvelope(event, payload, context);
    if (envelope.order === undefined) return envelope;
    // No id is older than its key's newest, whichever clock that was minted by.
    const newest = newestTime(knownTail(environment, counterOf(bindings.ledger, envelope)));
    return newest <= now ? envelope : createEnvelope(event, payload, { ...context, now: newest });
  }

  start<Saga extends EventDefinition & SagaDefinition>(saga: Saga, input: EventInput<Saga>): string {
    return this.publish(saga, input);
  }

  #add(
    target: BusinessRow,
    options: Conditional<object>,
    build: (condition: ConditionBuilder) => TransactWriteItem,
  ): void {
    const { table, lock } = target;
    const item = build((expression, besides) => conditionOf(target, expression, options.when, besides));
    this.#claim(target.id, `a row of '${table.name}'`);
    this.#push({
      item,
      role: { kind: 'business', otherwise: options.otherwise ?? 'retry', ...(lock && { lock }) },
      row: `the row of '${table.name}' with that ${table.sortKey ? `${table.partitionKey} and ${table.sortKey}` : table.partitionKey}`,
    });
  }

  #push(action: Action): void {
    this.#refuseFull(1);
    this.actions.push(action);
  }

  #refuseFull(more: number): void {
    if (this.actions.length + this.#counters.size + more <= this.#room) return;
    throw new LimitExceeded(`The transaction has more than ${this.#room} writes and messages`);
  }

  #target(table: AnyTable, key: Record<string, unknown>): BusinessRow {
    this.#refuseClosed();
    const { bindings, owner, tables } = this.#context;
    if (tables && !tables.some((declared) => declared.name === table.name)) {
      throw new TransactionMisused(`'${owner}' uses table '${table.name}' without declaring it: add it to \`tables\``);
    }
    const attributes = toItem(key, table.name);
    const id = `${table.name} ${JSON.stringify(attributes)}`;
    const lock = this.#locks.get(id);
    return { table, tableName: bindings.table(table), key: attributes, id, ...(lock && { lock }) };
  }

  /** DynamoDB refuses two actions on one row: said here, where the handler's line is on the stack. */
  #claim(id: string, what: string): void {
    if (this.#rows.has(id))
      throw new TransactionMisused(`The transaction writes ${what} twice: join both into one write`);
    this.#rows.add(id);
  }

  /** A use that comes too late has no effect, and the error may reach nobody: it is logged and counted, too. */
  #refuseClosed(): void {
    if (!this.#closed) return;
    const { environment, owner, cause, onLateUse } = this.#context;
    onLateUse?.();
    quietly(() => environment.log.error('transaction used too late', { owner, messageId: cause?.id }));
    quietly(() => {
      environment.metrics.count(METRICS.transactionLate, 1);
      environment.metrics.flush();
    });
    throw new TransactionMisused(
      'The transaction was used after its handler returned: await everything in the handler',
    );
  }
}

type ConditionBuilder = (expression: Expression, besides?: string) => RequestCondition;

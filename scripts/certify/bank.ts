import {
  GetItemCommand,
  PutItemCommand,
  type TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { defineTable } from 'waybill';
import {
  decideTransaction,
  type Environment,
  type Execute,
  recordCommit,
  type TransactionOutcome,
} from 'waybill/runtime';
import * as z from 'zod/mini';

/** Accounts of a bank, in cents. */
export const Accounts = defineTable('accounts', {
  item: z.object({ owner: z.string(), cents: z.int() }),
  partitionKey: 'owner',
});

/** The bank's local transactions: begun, then committed or refused, and never both. */
export const Transactions = defineTable('transactions', {
  item: z.object({
    id: z.string(),
    outcome: z.enum(['open', 'committed', 'refused']),
    cents: z.int(),
    since: z.int(),
  }),
  partitionKey: 'id',
});

/** An open transaction holds its lock for so long, in milliseconds; then anybody may refuse it. */
const LOCKED = 30_000;

/** There is less money in the account. */
export class InsufficientFunds extends Error {}

/**
 * A store that knows nothing of the ledger, with the SQL that `recordCommit` and `decideTransaction` speak: each statement
 * is a request of its own, which may fail, be late, or be carried out after the process that sent it has died.
 */
export class Bank {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Begins a local transaction. */
  async begin(id: string): Promise<void> {
    await this.#put(id, 'open');
  }

  /**
   * Takes money from an account, and commits.
   *
   * @throws HalfMessageDecided when the transaction was refused meanwhile
   * @throws InsufficientFunds when there is less
   */
  commit(id: string, owner: string, cents: number): Promise<void> {
    return recordCommit(async () => this.#debit(id, owner, cents), id);
  }

  decide(id: string): Promise<TransactionOutcome> {
    const execute: Execute = async (sql) => {
      const row = await this.#read(id);
      if (!sql.startsWith('INSERT')) return row ? [row] : [];
      if (row?.outcome === 'open') return this.#refuseOpen(id, row.since);
      if (row || !(await this.#put(id, 'refused'))) return [];
      return [{ outcome: 'refused' }];
    };
    return decideTransaction(execute, id);
  }

  async #refuseOpen(id: string, since: number) {
    if (this.#environment.now() < since + LOCKED) throw Object.assign(new Error('locked'), { code: '55P03' });
    try {
      await this.#environment.dynamodb.send(
        new UpdateItemCommand({
          TableName: Transactions.name,
          Key: { id: { S: id } },
          UpdateExpression: 'SET #outcome = :refused',
          ConditionExpression: '#outcome = :open',
          ExpressionAttributeNames: { '#outcome': 'outcome' },
          ExpressionAttributeValues: { ':refused': { S: 'refused' }, ':open': { S: 'open' } },
        }),
      );
      return [{ outcome: 'refused' }];
    } catch (error) {
      if ((error as Error).name === 'ConditionalCheckFailedException') return [];
      throw error;
    }
  }

  /** @returns false where there is a row of it */
  async #put(id: string, outcome: 'open' | 'refused'): Promise<boolean> {
    this.#environment.tableName?.(Transactions);
    const since = String(this.#environment.now());
    try {
      await this.#environment.dynamodb.send(
        new PutItemCommand({
          TableName: Transactions.name,
          Item: { id: { S: id }, outcome: { S: outcome }, cents: { N: '0' }, since: { N: since } },
          ConditionExpression: 'attribute_not_exists(id)',
        }),
      );
      return true;
    } catch (error) {
      if ((error as Error).name === 'ConditionalCheckFailedException') return false;
      throw error;
    }
  }

  async #read(id: string) {
    this.#environment.tableName?.(Transactions);
    const { Item } = await this.#environment.dynamodb.send(
      new GetItemCommand({ TableName: Transactions.name, Key: { id: { S: id } }, ConsistentRead: true }),
    );
    return Item && { outcome: Item.outcome?.S ?? '', since: Number(Item.since?.N ?? 0) };
  }

  async #debit(id: string, owner: string, cents: number): Promise<never[]> {
    this.#environment.tableName?.(Accounts);
    try {
      await this.#environment.dynamodb.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            {
              Update: {
                TableName: Transactions.name,
                Key: { id: { S: id } },
                UpdateExpression: 'SET #outcome = :committed, cents = :cents',
                ConditionExpression: '#outcome = :open',
                ExpressionAttributeNames: { '#outcome': 'outcome' },
                ExpressionAttributeValues: {
                  ':committed': { S: 'committed' },
                  ':open': { S: 'open' },
                  ':cents': { N: String(cents) },
                },
              },
            },
            {
              Update: {
                TableName: Accounts.name,
                Key: { owner: { S: owner } },
                UpdateExpression: 'SET cents = cents - :cents',
                ConditionExpression: 'cents >= :cents',
                ExpressionAttributeValues: { ':cents': { N: String(cents) } },
              },
            },
          ],
        }),
      );
      return [];
    } catch (error) {
      const [transaction, account] = (error as TransactionCanceledException).CancellationReasons ?? [];
      if (transaction?.Code === 'ConditionalCheckFailed')
        throw Object.assign(new Error('taken', { cause: error }), { code: '23505' });
      if (account?.Code === 'ConditionalCheckFailed') throw new InsufficientFunds('too little money');
      throw error;
    }
  }
}

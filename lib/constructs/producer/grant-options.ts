import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { EventDefinition } from '../../contract/event.ts';
import type { AnyTable } from '../../contract/table.ts';
import type { TableAction, TablesOption } from './business-tables.ts';

/** What every grant to a producer takes besides the grantee. */
export type ProducerGrantOptions<Tables extends readonly AnyTable[] = readonly []> = TablesOption<Tables> & {
  /**
   * The name in the `source` of the producer's messages, and of its idempotency keys.
   * @default the function's construct id; of what is no function, 'producer', as `connectLedger` calls it
   */
  readonly producer?: string;
  /**
   * The event types that the producer publishes: each is looked for on the ledger's channels. To be named where they are in a
   * sequence: their messages take numbers from rows that nobody else may write.
   * @default none is looked for, or in a sequence
   */
  readonly publishes?: readonly EventDefinition[];
  /** The definitions of the business tables that the producer reads and writes; `tables` binds each. @default none */
  readonly writes?: Tables;
  /** Narrows what the producer may do to a table, by the table's name. @default read, write and test single rows */
  readonly tableActions?: { readonly [Name in Tables[number]['name']]?: readonly TableAction[] };
};

/** What `grantEffects` takes besides the grantee. */
export interface EffectGrantOptions {
  /**
   * The name under which the producer's effects lie.
   * @default the function's construct id; of what is no function, 'producer', as `connectLedger` calls it
   */
  readonly producer?: string;
}

/** What `grantPublish` takes besides the grantee: the DynamoDB table behind each definition in `writes`, by its name. */
export type PublishGrantOptions<Tables extends readonly AnyTable[] = readonly []> = ProducerGrantOptions<Tables>;

/** The options of a producer that sends by handshake. */
export type SendGrantOptions<Tables extends readonly AnyTable[] = readonly []> = ProducerGrantOptions<Tables>;

/** What `grantPrepare` takes besides the grantee. */
export type PrepareGrantOptions<Tables extends readonly AnyTable[] = readonly []> = ProducerGrantOptions<Tables> & {
  /** The check-back that is asked what became of a half message that its producer left undecided. */
  readonly checkBack: ICheckBack;
};

/** The options of any grant, whatever its tables are. */
export interface AnyProducerGrantOptions {
  readonly producer?: string;
  readonly publishes?: readonly EventDefinition[];
  readonly writes?: readonly AnyTable[];
  readonly tables?: Readonly<Record<string, ITable>>;
  readonly tableActions?: Readonly<Record<string, readonly TableAction[] | undefined>>;
}

/** A check-back as producers know it. */
export interface ICheckBack {
  /** The queue into which requests are put. */
  readonly queue: sqs.IQueue;
}

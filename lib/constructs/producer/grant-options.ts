import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { EventDefinition } from '../../contract/event.ts';
import type { AnyTable } from '../../contract/table.ts';
import type { TablesOption } from './business-tables.ts';

/** What every grant to a producer takes besides the function. */
export interface ProducerGrantOptions {
  /** The name in the `source` of the producer's messages. @default the function's construct id */
  readonly producer?: string;
  /**
   * The event types that the producer publishes: each is looked for on the ledger's channels.
   * @default not looked for
   */
  readonly publishes?: readonly EventDefinition[];
}

/** What `grantPublish` takes besides the function: the DynamoDB table behind each definition in `writes`, by its name. */
export type PublishGrantOptions<Tables extends readonly AnyTable[] = readonly []> = ProducerGrantOptions &
  TablesOption<Tables> & {
    /** The definitions of the business tables that the producer writes in the same transaction. @default none */
    readonly writes?: Tables;
  };

/** The options of a producer that sends by handshake. */
export type SendGrantOptions = ProducerGrantOptions;

/** What `grantPrepare` takes besides the function. */
export interface PrepareGrantOptions extends ProducerGrantOptions {
  /** The check-back that is asked what became of a half message that its producer left undecided. */
  readonly checkBack: ICheckBack;
}

/** A check-back as producers know it. */
export interface ICheckBack {
  /** The queue into which requests are put. */
  readonly queue: sqs.IQueue;
}

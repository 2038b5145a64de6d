import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { EventDefinition } from '../../contract/event.ts';

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

/** What `grantPublish` takes besides the function. */
export interface PublishGrantOptions extends ProducerGrantOptions {
  /** The business tables that the producer writes in the same transaction, by their definitions' names. @default none */
  readonly tables?: Readonly<Record<string, ITable>>;
}

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

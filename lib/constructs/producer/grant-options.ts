import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { EventDefinition } from '../../contract/event.ts';

export interface ProducerGrantOptions {
  /** The name in the `source` of its messages. @default the function's construct id */
  readonly producer?: string;
  /** The event types that it publishes: each is looked for on the ledger's channels. @default not looked for */
  readonly publishes?: readonly EventDefinition[];
}

export interface PublishGrantOptions extends ProducerGrantOptions {
  /** The business tables that it writes in the same transaction, by their definitions' names. @default none */
  readonly tables?: Readonly<Record<string, ITable>>;
}

/** What sends by handshake takes. */
export type SendGrantOptions = ProducerGrantOptions;

export interface PrepareGrantOptions extends ProducerGrantOptions {
  /** Who is asked what became of a half message that its producer left undecided. */
  readonly checkBack: ICheckBack;
}

/** Who is asked what became of half messages, as producers know it. */
export interface ICheckBack {
  /** Where requests are put. */
  readonly queue: sqs.IQueue;
}

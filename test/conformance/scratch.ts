import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  type StreamViewType,
} from '@aws-sdk/client-dynamodb';
import { CreateStreamCommand, DeleteStreamCommand, DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis';
import { CreateQueueCommand, DeleteQueueCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { Clients } from './clients.ts';
import { readTableStream, type TableChange } from './table-stream.ts';

export interface TableOptions {
  /** Whether the table has a stream, and what it shows. @default none */
  readonly stream?: StreamViewType;
}

export interface ScratchQueue {
  readonly url: string;
  readonly arn: string;
}

/** What a case makes for itself, under names that nobody else has; it is deleted after the case. Also its clock. */
export interface Scratch {
  /** A role that Lambda, Step Functions and the Scheduler may take. */
  readonly role: string;
  readonly region: string;
  /** A name that is free. */
  name(): string;
  /** A table with the key `pk`, `sk` (both text), ready for use. */
  table(options?: TableOptions): Promise<string>;
  /** @param attributes of CreateQueue; `FifoQueue: 'true'` makes a FIFO queue */
  queue(attributes?: Readonly<Record<string, string>>): Promise<ScratchQueue>;
  /** A Kinesis stream, ready for use. */
  stream(shards?: number): Promise<string>;
  /** What a table's stream holds from its beginning, once there are `count` changes, or all that came in time. */
  changes(table: string, count: number, seconds?: number): Promise<TableChange[]>;
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
  /** Has something done after the case, whatever came of it. */
  defer(remove: () => Promise<unknown>): void;
}

/** Makes things by the AWS SDK, on the clock of the machine. */
export class SdkScratch implements Scratch {
  readonly role: string;
  readonly region: string;
  readonly #aws: Clients;
  readonly #removals: (() => Promise<unknown>)[] = [];
  #ended = false;

  constructor(aws: Clients, { role, region }: { readonly role: string; readonly region: string }) {
    this.#aws = aws;
    this.role = role;
    this.region = region;
  }

  name(): string {
    return `waybill-conformance-${randomBytes(6).toString('hex')}`;
  }

  now(): number {
    return Date.now();
  }

  async sleep(milliseconds: number): Promise<void> {
    await sleep(milliseconds);
    // A case whose time was over must not go on looking for what does not come.
    if (this.#ended) throw new Error('The case has ended');
  }

  defer(remove: () => Promise<unknown>): void {
    this.#removals.push(remove);
  }

  /** Deletes what the case has made, the latest first. A deletion that fails is not held against the case. */
  async clean(): Promise<void> {
    this.#ended = true;
    for (const remove of this.#removals.splice(0).reverse()) await remove().catch(() => undefined);
  }

  async table({ stream }: TableOptions = {}): Promise<string> {
    const TableName = this.name();
    const { dynamodb } = this.#aws;
    await dynamodb.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
        ],
        ...(stream && { StreamSpecification: { StreamEnabled: true, StreamViewType: stream } }),
      }),
    );
    this.defer(() => dynamodb.send(new DeleteTableCommand({ TableName })));
    await this.#until(async () => {
      const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName }));
      return Table?.TableStatus === 'ACTIVE';
    });
    return TableName;
  }

  async queue(attributes: Readonly<Record<string, string>> = {}): Promise<ScratchQueue> {
    const { sqs } = this.#aws;
    const QueueName = `${this.name()}${attributes.FifoQueue === 'true' ? '.fifo' : ''}`;
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes: attributes }));
    this.defer(() => sqs.send(new DeleteQueueCommand({ QueueUrl })));
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
    return { url: QueueUrl ?? '', arn: Attributes?.QueueArn ?? '' };
  }

  async stream(shards = 1): Promise<string> {
    const { kinesis } = this.#aws;
    const StreamName = this.name();
    // AWS creates five at a time.
    await this.#until(() =>
      kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: shards })).then(() => true, isLimit),
    );
    this.defer(() => kinesis.send(new DeleteStreamCommand({ StreamName, EnforceConsumerDeletion: true })));
    await this.#until(async () => {
      const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
      return StreamDescriptionSummary?.StreamStatus === 'ACTIVE';
    });
    return StreamName;
  }

  changes(table: string, count: number, seconds = 20): Promise<TableChange[]> {
    return readTableStream(this.#aws, table, count, seconds);
  }

  async #until(isReady: () => Promise<boolean>): Promise<void> {
    while (!(await isReady())) await this.sleep(100);
  }
}

function isLimit(error: Error): false {
  if (error.name === 'LimitExceededException') return false;
  throw error;
}

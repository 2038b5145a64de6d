import { Readable } from 'node:stream';
import { type DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';

/**
 * A request of DynamoDB Streams, in the JSON of its wire: its records are in the very form in which Lambda hands them to
 * functions, binary values in base64.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html
 */
class TableStreamsCommand<Input extends object, Output extends object> {
  readonly input: Input;
  /** Never there: says what `send` resolves to. */
  declare readonly output?: Output;

  constructor(input: Input) {
    this.input = input;
  }
}

export interface DescribeStreamOutput {
  readonly StreamDescription?: {
    readonly Shards?: readonly { readonly ShardId?: string; readonly ParentShardId?: string }[];
    readonly LastEvaluatedShardId?: string;
  };
}

export interface GetShardIteratorInput {
  readonly StreamArn: string;
  readonly ShardId: string;
  readonly ShardIteratorType: 'TRIM_HORIZON' | 'LATEST' | 'AFTER_SEQUENCE_NUMBER';
  readonly SequenceNumber?: string;
}

export interface GetStreamRecordsOutput {
  readonly Records?: readonly DynamoDBRecord[];
  readonly NextShardIterator?: string;
}

export class DescribeStreamCommand extends TableStreamsCommand<
  { readonly StreamArn: string; readonly ExclusiveStartShardId?: string },
  DescribeStreamOutput
> {}

export class GetShardIteratorCommand extends TableStreamsCommand<
  GetShardIteratorInput,
  { readonly ShardIterator?: string }
> {}

export class GetRecordsCommand extends TableStreamsCommand<
  { readonly ShardIterator: string; readonly Limit?: number },
  GetStreamRecordsOutput
> {}

/** DynamoDB Streams as the poller needs it: a client of the service, or an engine in memory. */
export interface TableStreams {
  send<Output extends object>(command: TableStreamsCommand<object, Output>): Promise<Output>;
}

/** The parts of a request and of its response that are replaced. */
interface Exchange {
  readonly request: { hostname: string; body: unknown; headers: Record<string, string> };
}
interface Answer {
  readonly response: { readonly statusCode: number; body: AsyncIterable<Uint8Array> };
}
type Middleware = (next: (args: Exchange) => Promise<Answer>) => (args: Exchange) => Promise<Answer>;
interface MiddlewareStack {
  add(middleware: Middleware, options: { readonly step: string; readonly priority: 'low' }): void;
}

/**
 * A client of DynamoDB Streams that goes where a DynamoDB client goes, with its credentials, signatures and retries: the
 * two services differ in nothing but their host and the name of the operation.
 */
export function tableStreamsOf(dynamodb: Pick<DynamoDBClient, 'send'>): TableStreams {
  return {
    async send<Output extends object>(command: TableStreamsCommand<object, Output>): Promise<Output> {
      const carrier = new ListTablesCommand({});
      // The SDK's types of middlewares tell of the command's own input and output, of which nothing is left here.
      const stack = carrier.middlewareStack as unknown as MiddlewareStack;
      let output = {} as Output;
      stack.add(
        (next) => (args) => {
          const { request } = args;
          request.body = JSON.stringify(command.input);
          request.headers['x-amz-target'] =
            `DynamoDBStreams_20120810.${command.constructor.name.replace(/Command$/, '')}`;
          request.hostname = request.hostname.replace(
            /^(?:\d+\.ddb|dynamodb)\.(?=[\w-]+\.amazonaws\.)/,
            'streams.dynamodb.',
          );
          return next(args);
        },
        { step: 'serialize', priority: 'low' },
      );
      stack.add(
        (next) => async (args) => {
          const answer = await next(args);
          if (answer.response.statusCode >= 300) return answer;
          const chunks: Uint8Array[] = [];
          for await (const chunk of answer.response.body) chunks.push(chunk);
          output = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Output;
          answer.response.body = Readable.from([Buffer.from('{}')]);
          return answer;
        },
        { step: 'deserialize', priority: 'low' },
      );
      await dynamodb.send(carrier);
      return output;
    },
  };
}

import type * as DynamoDB from '@aws-sdk/client-dynamodb';
import type * as Kinesis from '@aws-sdk/client-kinesis';
import type * as S3 from '@aws-sdk/client-s3';
import type * as Scheduler from '@aws-sdk/client-scheduler';
import type * as SQS from '@aws-sdk/client-sqs';
import type { Environment } from '../../lib/aws/environment.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';
import { alarmsOn, SchedulerEngine, type Wire } from '../../lib/testing/engines/index.ts';
import { seededRandom } from '../../lib/testing/seeded-random.ts';
import { enginesOn, type TestEnvironment, testEnvironment } from '../../lib/testing/test-environment.ts';
import { VirtualClock } from '../../lib/testing/virtual-clock.ts';

export { serviceError as awsError } from '../faults.ts';

/** The operations that a script may answer, with their inputs and outputs. */
interface Operations {
  GetItem: [DynamoDB.GetItemCommandInput, DynamoDB.GetItemCommandOutput];
  PutItem: [DynamoDB.PutItemCommandInput, DynamoDB.PutItemCommandOutput];
  UpdateItem: [DynamoDB.UpdateItemCommandInput, DynamoDB.UpdateItemCommandOutput];
  DeleteItem: [DynamoDB.DeleteItemCommandInput, DynamoDB.DeleteItemCommandOutput];
  Query: [DynamoDB.QueryCommandInput, DynamoDB.QueryCommandOutput];
  BatchGetItem: [DynamoDB.BatchGetItemCommandInput, DynamoDB.BatchGetItemCommandOutput];
  BatchWriteItem: [DynamoDB.BatchWriteItemCommandInput, DynamoDB.BatchWriteItemCommandOutput];
  TransactWriteItems: [DynamoDB.TransactWriteItemsCommandInput, DynamoDB.TransactWriteItemsCommandOutput];
  SendMessage: [SQS.SendMessageCommandInput, SQS.SendMessageCommandOutput];
  SendMessageBatch: [SQS.SendMessageBatchCommandInput, SQS.SendMessageBatchCommandOutput];
  ChangeMessageVisibility: [SQS.ChangeMessageVisibilityCommandInput, SQS.ChangeMessageVisibilityCommandOutput];
  ChangeMessageVisibilityBatch: [
    SQS.ChangeMessageVisibilityBatchCommandInput,
    SQS.ChangeMessageVisibilityBatchCommandOutput,
  ];
  PutRecords: [Kinesis.PutRecordsCommandInput, Kinesis.PutRecordsCommandOutput];
  PutObject: [S3.PutObjectCommandInput, S3.PutObjectCommandOutput];
  GetObject: [S3.GetObjectCommandInput, S3.GetObjectCommandOutput];
  CreateSchedule: [Scheduler.CreateScheduleCommandInput, Scheduler.CreateScheduleCommandOutput];
}

type Operation = keyof Operations;
type Input<Name extends Operation> = Operations[Name][0];
type Output<Name extends Operation> = Partial<Operations[Name][1]>;

/** Answers by operation. `nth` counts the calls of that operation from 0. An answer may throw, or take its time. */
export type Answers = {
  [Name in Operation]?: (input: Input<Name>, nth: number) => Output<Name> | Promise<Output<Name>>;
};

export type Call = { [Name in Operation]: { readonly operation: Name; readonly input: Input<Name> } }[Operation];

export interface FakeOptions {
  /** Milliseconds since the epoch. @default 2026-11-23T08:14:00Z */
  readonly now?: number;
  /** @default 1 */
  readonly seed?: number;
  /** Beside a ledger named `ledger` of 16 shards. */
  readonly variables?: Environment['variables'];
  /** What AWS says, where a call does not simply succeed. */
  readonly answers?: Answers;
}

/** An environment on a virtual clock, whose clients record each call and answer as they are told to. */
export interface FakeEnvironment extends TestEnvironment {
  readonly calls: Call[];
  /** Replaced at will during a test. */
  readonly answers: Answers;
  /** The inputs of an operation's calls, in the order in which they were made. */
  inputs<Name extends Operation>(operation: Name): Input<Name>[];
  /** Lets time pass without waking a sleeper. */
  advance(milliseconds: number): void;
}

export const FAKE_NOW = Date.UTC(2026, 10, 23, 8, 14);

export function fakeEnvironment({ now = FAKE_NOW, seed = 1, ...options }: FakeOptions = {}): FakeEnvironment {
  const clock = new VirtualClock({ now, jumps: 'to-watchdogs' });
  const engines = enginesOn(clock);
  const calls: Call[] = [];
  const answers: Answers = { ...options.answers };
  const wire: Wire = async ({ operation, input }) => {
    const nth = calls.filter((call) => call.operation === operation).length;
    calls.push({ operation, input } as Call);
    const script = answers[operation as Operation] ?? SUCCESSES[operation as Operation];
    if (!script) throw new Error(`The test has no answer for ${operation}`);
    return script(input as never, nth);
  };
  const scheduler = new SchedulerEngine({
    now: clock.now,
    after: alarmsOn(clock),
    targets: { sqs: engines.sqs.client() },
  });
  const variables = { [BINDINGS.ledger]: 'ledger', [BINDINGS.shards]: '16', ...options.variables };
  return {
    ...testEnvironment({ clock, random: seededRandom(seed), engines, variables, wire, scheduler }),
    // Tables are bound by variables, as in Lambda.
    tableName: undefined,
    advance: (milliseconds) => clock.pass(milliseconds),
    calls,
    answers,
    inputs: <Name extends Operation>(operation: Name) =>
      calls.filter((call) => call.operation === operation).map((call) => call.input as Input<Name>),
  };
}

/** What AWS answers when all is well. */
const SUCCESSES: Answers = {
  GetItem: () => ({ ConsumedCapacity: { CapacityUnits: 1 } }),
  PutItem: () => ({ ConsumedCapacity: { CapacityUnits: 1 } }),
  UpdateItem: () => ({ ConsumedCapacity: { CapacityUnits: 1 } }),
  DeleteItem: () => ({ ConsumedCapacity: { CapacityUnits: 1 } }),
  Query: () => ({ Items: [], ConsumedCapacity: { CapacityUnits: 1 } }),
  TransactWriteItems: (input) => ({ ConsumedCapacity: [{ CapacityUnits: 2 * (input.TransactItems?.length ?? 0) }] }),
  SendMessage: () => ({ MessageId: 'sent' }),
  SendMessageBatch: (input) => ({
    Successful: input.Entries?.map((entry) => ({ Id: entry.Id, MessageId: `sent-${entry.Id}`, MD5OfMessageBody: '' })),
  }),
  ChangeMessageVisibility: () => ({}),
  ChangeMessageVisibilityBatch: (input) => ({ Successful: input.Entries?.map((entry) => ({ Id: entry.Id })) }),
  PutRecords: (input) => ({
    FailedRecordCount: 0,
    Records: input.Records?.map((_, index) => ({ ShardId: 'shardId-000000000000', SequenceNumber: String(index + 1) })),
  }),
  PutObject: () => ({}),
  BatchWriteItem: ({ RequestItems = {} }) => ({
    UnprocessedItems: {},
    ConsumedCapacity: Object.values(RequestItems).map(({ length }) => ({ CapacityUnits: length })),
  }),
  CreateSchedule: ({ GroupName, Name }) => ({ ScheduleArn: `arn:aws:scheduler:::schedule/${GroupName}/${Name}` }),
};

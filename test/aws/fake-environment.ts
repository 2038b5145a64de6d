import type * as DynamoDB from '@aws-sdk/client-dynamodb';
import type * as Kinesis from '@aws-sdk/client-kinesis';
import type * as S3 from '@aws-sdk/client-s3';
import type * as Scheduler from '@aws-sdk/client-scheduler';
import type * as SQS from '@aws-sdk/client-sqs';
import type { Environment, Sender } from '../../lib/aws/environment.ts';
import { countUsage, noUsage } from '../../lib/aws/usage.ts';
import { BINDINGS } from '../../lib/contract/bindings.ts';

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
export interface FakeEnvironment extends Environment {
  readonly calls: Call[];
  readonly lines: { readonly level: 'info' | 'warn' | 'error'; message: string; fields: Record<string, unknown> }[];
  readonly counted: Record<string, number>;
  /** Replaced at will during a test. */
  readonly answers: Answers;
  /** The inputs of an operation's calls, in the order in which they were made. */
  inputs<Name extends Operation>(operation: Name): Input<Name>[];
  /** Lets time pass without waking a sleeper. */
  advance(milliseconds: number): void;
}

export const FAKE_NOW = Date.UTC(2026, 10, 23, 8, 14);

export function fakeEnvironment(options: FakeOptions = {}): FakeEnvironment {
  const clock = virtualClock(options.now ?? FAKE_NOW);
  const calls: Call[] = [];
  const usage = noUsage();
  const answers: Answers = { ...options.answers };
  const client = () => countUsage(fakeClient(calls, answers), usage);
  const kinesis = client() as Sender<object & Kinesis.KinesisClient>;
  const s3 = client() as Sender<S3.S3Client>;
  const scheduler = client() as Sender<Scheduler.SchedulerClient>;
  const lines: FakeEnvironment['lines'] = [];
  const counted: Record<string, number> = {};
  return {
    now: clock.now,
    sleep: clock.sleep,
    advance: clock.advance,
    random: seededRandom(options.seed ?? 1),
    variables: { [BINDINGS.ledger]: 'ledger', [BINDINGS.shards]: '16', ...options.variables },
    dynamodb: client() as Sender<DynamoDB.DynamoDBClient>,
    sqs: client() as Sender<SQS.SQSClient>,
    kinesis: async () => kinesis,
    s3: async () => s3,
    scheduler: async () => scheduler,
    log: {
      info: (message, fields) => lines.push({ level: 'info', message, fields }),
      warn: (message, fields) => lines.push({ level: 'warn', message, fields }),
      error: (message, fields) => lines.push({ level: 'error', message, fields }),
    },
    metrics: {
      count: (name, value) => {
        counted[name] = (counted[name] ?? 0) + value;
      },
      flush: () => undefined,
    },
    usage,
    calls,
    lines,
    counted,
    answers,
    inputs: <Name extends Operation>(operation: Name) =>
      calls.filter((call) => call.operation === operation).map((call) => call.input as Input<Name>),
  };
}

/** An error as an AWS client throws it. */
export function awsError(name: string, fault: 'client' | 'server' = 'client', fields: object = {}): Error {
  return Object.assign(new Error(`${name}, said AWS`), { name, $fault: fault, $metadata: {}, ...fields });
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

type Middleware = (next: Handler, context: { readonly commandName?: string }) => Handler;
type Handler = (args: never) => Promise<{ output: object }>;

/** Answers like an AWS client, and takes the middleware that counts usage as one does. */
function fakeClient(calls: Call[], answers: Answers) {
  const middleware: Middleware[] = [];
  const seen = new Map<Operation, number>();
  const answer = async (operation: Operation, input: object): Promise<{ output: object }> => {
    const nth = seen.get(operation) ?? 0;
    seen.set(operation, nth + 1);
    const script = (answers[operation] ?? SUCCESSES[operation]) as ((input: object, nth: number) => object) | undefined;
    if (!script) throw new Error(`The test has no answer for ${operation}`);
    return { output: await script(input, nth) };
  };
  return {
    middlewareStack: { add: (one: Middleware) => middleware.push(one) },
    async send(command: { readonly input: object }): Promise<object> {
      const commandName = command.constructor.name;
      const operation = commandName.replace(/Command$/, '') as Operation;
      calls.push({ operation, input: command.input } as Call);
      const handler = middleware.reduce<Handler>(
        (next, one) => one(next, { commandName }),
        () => answer(operation, command.input),
      );
      return (await handler(undefined as never)).output;
    },
  };
}

/** Time that passes only by sleeping: when nothing else is left to do, the clock jumps to the next sleeper's moment. */
function virtualClock(start: number) {
  let now = start;
  let sleepers: { readonly due: number; readonly wake: () => void }[] = [];
  const wakeNext = () => {
    if (sleepers.length === 0) return;
    const due = Math.min(...sleepers.map((sleeper) => sleeper.due));
    const next = sleepers.find((sleeper) => sleeper.due === due);
    sleepers = sleepers.filter((sleeper) => sleeper !== next);
    now = Math.max(now, due);
    next?.wake();
  };
  return {
    now: () => now,
    advance: (milliseconds: number) => {
      now += milliseconds;
    },
    sleep: (milliseconds: number, signal?: AbortSignal) =>
      new Promise<void>((wake) => {
        if (signal?.aborted) return wake();
        const sleeper = { due: now + milliseconds, wake };
        sleepers.push(sleeper);
        setImmediate(wakeNext);
        signal?.addEventListener('abort', () => {
          sleepers = sleepers.filter((one) => one !== sleeper);
          wake();
        });
      }),
  };
}

/** Bytes by mulberry32: the same ones for the same seed. */
function seededRandom(seed: number): Environment['random'] {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) & 0xff;
  };
  return (bytes) => Uint8Array.from({ length: bytes }, next);
}

import {
  BatchGetItemCommand,
  type BatchGetItemCommandInput,
  BatchWriteItemCommand,
  type BatchWriteItemCommandInput,
  type KeysAndAttributes,
} from '@aws-sdk/client-dynamodb';
import { PutRecordsCommand, type PutRecordsCommandInput } from '@aws-sdk/client-kinesis';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  SendMessageBatchCommand,
  type SendMessageBatchCommandInput,
} from '@aws-sdk/client-sqs';
import type { Request } from '../../testing/engines/index.ts';
import type { Engines } from '../../testing/test-environment.ts';

/** Carries a batch out but for the entries that `fails` names by their places, which the answer reports as failed. */
type Partially = (engines: Engines, input: object, fails: (place: number) => boolean) => object;

const PARTIALLY: Readonly<Record<string, Partially>> = {
  SendMessageBatch: queueBatch(SendMessageBatchCommand),
  // The entries are those of one operation: what each of them holds is the engine's to read.
  DeleteMessageBatch: queueBatch(DeleteMessageBatchCommand as unknown as typeof SendMessageBatchCommand),
  ChangeMessageVisibilityBatch: queueBatch(
    ChangeMessageVisibilityBatchCommand as unknown as typeof SendMessageBatchCommand,
  ),
  PutRecords: putRecords,
  BatchWriteItem: batchWrite,
  BatchGetItem: batchGet,
};

/** Whether some entries of the request can fail while it succeeds. */
export function hasEntries({ operation }: Request): boolean {
  return Object.hasOwn(PARTIALLY, operation);
}

/** Carries a batch out but for each `every`-th entry, the first included, which the answer reports as failed. */
export function applyPartially(engines: Engines, { operation, input }: Request, every: number): object {
  return PARTIALLY[operation]?.(engines, input, (place) => place % every === 0) ?? {};
}

function queueBatch(Command: typeof SendMessageBatchCommand): Partially {
  return ({ sqs }, input, fails) => {
    const { Entries = [], QueueUrl } = input as SendMessageBatchCommandInput;
    const done = Entries.filter((_, place) => !fails(place));
    const { Successful = [], Failed = [] } = (
      done.length > 0 ? sqs.apply(new Command({ QueueUrl, Entries: done })) : {}
    ) as { readonly Successful?: object[]; readonly Failed?: object[] };
    const failed = Entries.filter((_, place) => fails(place)).map(({ Id }) => ({ Id, SenderFault: false, ...FAILURE }));
    return { Successful, Failed: [...Failed, ...failed] };
  };
}

const FAILURE = { Code: 'InternalError', Message: 'simulated' };

function putRecords({ kinesis }: Engines, input: object, fails: (place: number) => boolean): object {
  const { Records = [], ...rest } = input as PutRecordsCommandInput;
  const put = Records.filter((_, place) => !fails(place));
  const reply = put.length > 0 ? kinesis.apply(new PutRecordsCommand({ ...rest, Records: put })) : { Records: [] };
  const answers = [...(reply as { readonly Records: object[] }).Records];
  const failure = { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'simulated' };
  return {
    FailedRecordCount: Records.length - put.length,
    Records: Records.map((_, place) => (fails(place) ? failure : answers.shift())),
  };
}

/** DynamoDB counts the rows of each table by themselves. */
function batchWrite({ dynamodb }: Engines, input: object, fails: (place: number) => boolean): object {
  const { RequestItems = {}, ...rest } = input as BatchWriteItemCommandInput;
  const part = (isFailed: boolean) =>
    mapped(RequestItems, (writes) => writes.filter((_, place) => fails(place) === isFailed));
  const done = part(false);
  const UnprocessedItems = part(true);
  if (Object.values(done).every((writes) => writes.length === 0)) return { UnprocessedItems };
  return { ...dynamodb.apply(new BatchWriteItemCommand({ ...rest, RequestItems: done })), UnprocessedItems };
}

function batchGet({ dynamodb }: Engines, input: object, fails: (place: number) => boolean): object {
  const { RequestItems = {}, ...rest } = input as BatchGetItemCommandInput;
  const part = (isFailed: boolean) =>
    mapped(RequestItems, (keys): KeysAndAttributes => {
      return { ...keys, Keys: keys.Keys?.filter((_, place) => fails(place) === isFailed) };
    });
  const done = part(false);
  const UnprocessedKeys = part(true);
  if (Object.values(done).every(({ Keys = [] }) => Keys.length === 0)) return { Responses: {}, UnprocessedKeys };
  return { ...dynamodb.apply(new BatchGetItemCommand({ ...rest, RequestItems: done })), UnprocessedKeys };
}

function mapped<From, To>(byTable: Readonly<Record<string, From>>, map: (ofTable: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(byTable).map(([table, ofTable]) => [table, map(ofTable)]));
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Call, Forward, Reply } from './wire-call.ts';

/** What can befall a call on the wire. Its caller cannot tell these from the service's own doing. */
export type Fault =
  /** Refused for going too fast, as the service calls it; not carried out. */
  | 'throttled'
  /** A transaction met another one; not carried out. */
  | 'conflict'
  /** A transaction is cancelled because one of its items is throttled; not carried out. */
  | 'item throttled'
  /** HTTP 200, but some entries of the batch are reported as failed; only the others are carried out. */
  | 'partial'
  /** Carried out, and the connection cut before the answer. */
  | 'reply lost'
  /** HTTP 500; not carried out. */
  | 'failed'
  /** Carried out, answered late. */
  | 'slow';

/** How a fault comes about: `undefined` cuts the connection. */
type Strike = (call: Call, forward: Forward) => Promise<Reply | undefined>;

const LATE_MS = 400;

export const FAULTS: Readonly<Record<Fault, Strike>> = {
  throttled: async ({ operation }) => throttled(operation),
  conflict: async (call) => cancelled(call, 'TransactionConflict'),
  'item throttled': async (call) => cancelled(call, 'ThrottlingError'),
  partial,
  'reply lost': async ({ input }, forward) => {
    await forward(input);
    return undefined;
  },
  failed: async () => refused('InternalServerError', 500),
  slow: async ({ input }, forward) => {
    await sleep(LATE_MS);
    return forward(input);
  },
};

/** @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html#API_SendMessageBatch_Errors */
function throttled(operation: string): Reply {
  const isQueue = operation.includes('Message');
  return refused(isQueue ? 'com.amazonaws.sqs#RequestThrottled' : 'ProvisionedThroughputExceededException');
}

/** @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#API_TransactWriteItems_Errors */
function cancelled({ input }: Call, code: string): Reply {
  const items = input.TransactItems as readonly unknown[];
  const reasons = items.map((_, index) => ({ Code: index === items.length - 1 ? code : 'None' }));
  return refused('TransactionCanceledException', 400, { CancellationReasons: reasons });
}

function refused(type: string, status = 400, more: object = {}): Reply {
  return answer(status, { __type: type, message: 'injected on the wire', ...more });
}

/** The first entry of a batch is always among those that fail, and the last one of several among those that do not. */
async function partial({ operation, input }: Call, forward: Forward): Promise<Reply> {
  const [list, failed] = PARTIAL[operation] ?? [];
  if (!list || !failed) throw new Error(`${operation} has no entries that could fail`);
  const entries = input[list] as readonly Entry[];
  const kept = entries.filter((_, index) => index % 3 !== 0);
  const reply = kept.length > 0 ? await forward({ ...input, [list]: kept }) : answer(200, {});
  if (reply.status !== 200) return reply;
  return answer(200, failed(JSON.parse(reply.body.toString()), entries, kept));
}

interface Entry {
  readonly Id?: string;
}

interface Answered {
  readonly Failed?: readonly object[];
  readonly FailedRecordCount?: number;
  readonly Records?: readonly object[];
}

/** Of each operation with entries: what its list is called, and how its answer names those that failed. */
const PARTIAL: Readonly<
  Record<string, readonly [list: string, (reply: Answered, all: readonly Entry[], kept: readonly Entry[]) => object]>
> = {
  SendMessageBatch: ['Entries', failedEntries],
  ChangeMessageVisibilityBatch: ['Entries', failedEntries],
  PutRecords: ['Records', failedRecords],
};

function failedEntries(reply: Answered, all: readonly Entry[], kept: readonly Entry[]): object {
  const failed = all
    .filter((entry) => !kept.includes(entry))
    .map(({ Id }) => ({ Id, Code: 'InternalError', Message: 'injected on the wire', SenderFault: false }));
  return { Successful: [], ...reply, Failed: [...(reply.Failed ?? []), ...failed] };
}

/** @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
function failedRecords(
  { Records = [], FailedRecordCount = 0 }: Answered,
  all: readonly Entry[],
  kept: readonly Entry[],
) {
  const failure = { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'injected on the wire' };
  const records = all.map((record) => (kept.includes(record) ? Records[kept.indexOf(record)] : failure));
  return { FailedRecordCount: FailedRecordCount + all.length - kept.length, Records: records };
}

function answer(status: number, body: object): Reply {
  return { status, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: Buffer.from(JSON.stringify(body)) };
}

import { PutRecordsCommand, type PutRecordsCommandInput } from '@aws-sdk/client-kinesis';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  SendMessageBatchCommand,
  type SendMessageBatchCommandInput,
} from '@aws-sdk/client-sqs';
import type { Request } from '../../testing/engines/index.ts';
import type { Engines } from '../../testing/test-environment.ts';
import { applyRowsPartially, hasRows } from './partial-rows.ts';

const BATCHES = {
  SendMessageBatch: SendMessageBatchCommand,
  DeleteMessageBatch: DeleteMessageBatchCommand,
  ChangeMessageVisibilityBatch: ChangeMessageVisibilityBatchCommand,
} as const;

/** Whether some entries of the request can fail while it succeeds. */
export function hasEntries({ operation }: Request): boolean {
  return operation === 'PutRecords' || hasRows(operation) || Object.hasOwn(BATCHES, operation);
}

/** Carries a batch out but for each `every`-th entry, the first included, which the answer reports as failed. */
export function applyPartially(engines: Engines, { operation, input }: Request, every: number): object {
  const fails = (_: unknown, index: number) => index % every === 0;
  const succeeds = (_: unknown, index: number) => index % every !== 0;
  if (hasRows(operation)) return applyRowsPartially(engines, { operation, input }, every);
  if (operation === 'PutRecords') {
    const { Records = [], ...rest } = input as PutRecordsCommandInput;
    const put = Records.filter(succeeds);
    const reply =
      put.length > 0
        ? (engines.kinesis.apply(new PutRecordsCommand({ ...rest, Records: put })) as { Records: object[] })
        : { Records: [] };
    const answers = [...reply.Records];
    const failure = { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'simulated' };
    return {
      FailedRecordCount: Records.length - put.length,
      Records: Records.map((_, index) => (fails(_, index) ? failure : answers.shift())),
    };
  }
  const { Entries = [], QueueUrl } = input as SendMessageBatchCommandInput;
  const done = Entries.filter(succeeds);
  // The entries are those of one operation: what each of them holds is the engine's to read.
  const Command = BATCHES[operation as keyof typeof BATCHES] as typeof SendMessageBatchCommand;
  const reply =
    done.length > 0
      ? (engines.sqs.apply(new Command({ QueueUrl, Entries: done })) as { Successful?: object[]; Failed?: object[] })
      : {};
  const Failed = Entries.filter(fails).map(({ Id }) => ({
    Id,
    SenderFault: false,
    Code: 'InternalError',
    Message: 'simulated',
  }));
  return { Successful: reply.Successful ?? [], Failed: [...(reply.Failed ?? []), ...Failed] };
}

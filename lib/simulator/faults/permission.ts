import type { TransactWriteItem, TransactWriteItemsCommandInput } from '@aws-sdk/client-dynamodb';
import type { Request } from '../../testing/engines/index.ts';
import { plainName } from '../../testing/stack/queues.ts';

/** An action of IAM, `<service>:<Action>`, that the role of a function has lost. */
export interface LostPermission {
  readonly function: string;
  readonly action: string;
  /** The queue or the stream on which it was lost. @default all */
  readonly on?: string;
}

/** Actions that do not bear the name of the operation which they authorize. */
const OF_BATCHES: Readonly<Record<string, string>> = {
  SendMessageBatch: 'SendMessage',
  DeleteMessageBatch: 'DeleteMessage',
  ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
};

/**
 * Whether a request needs what was lost. A transaction needs the action of each of its items.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
 */
export function isForbidden({ function: name, action, on }: LostPermission, actor: string, request: Request): boolean {
  if (name !== actor || !actionsOf(request).includes(action.slice(action.indexOf(':') + 1))) return false;
  return on === undefined || on === resourceOf(request);
}

function actionsOf({ operation, input }: Request): readonly string[] {
  if (operation !== 'TransactWriteItems') return [OF_BATCHES[operation] ?? operation];
  return ((input as TransactWriteItemsCommandInput).TransactItems ?? []).map(actionIn);
}

function actionIn({ Put, Update, Delete }: TransactWriteItem): string {
  return Put ? 'PutItem' : Update ? 'UpdateItem' : Delete ? 'DeleteItem' : 'ConditionCheckItem';
}

/** The queue or the stream that a request is for. */
export function resourceOf({ input }: Request): string | undefined {
  const { QueueUrl, StreamName } = input as { readonly QueueUrl?: string; readonly StreamName?: string };
  const queue = QueueUrl?.split('/').at(-1);
  return queue === undefined ? StreamName : plainName(queue);
}

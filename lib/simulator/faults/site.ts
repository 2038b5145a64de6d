import type {
  BatchGetItemCommandInput,
  BatchWriteItemCommandInput,
  PutItemCommandInput,
  QueryCommandInput,
  TransactWriteItem,
  TransactWriteItemsCommandInput,
} from '@aws-sdk/client-dynamodb';
import { type RowKind, rowKindOf } from '../../ledger/rows/row-kind.ts';
import type { Request } from '../../testing/engines/index.ts';
import { LEDGER } from '../run/ledger-row.ts';

/** What happens at a function, a queue or a stream, beside requests. */
export type SiteEvent =
  /** A function is invoked. */
  | 'invoke'
  /** A producer is asked for a step of the workload. */
  | 'ask'
  /** A schedule is due: of reconciler, sweep, or a message. */
  | 'fire'
  /** A message's own schedule is late. */
  | 'schedule'
  /** A message has come to lie in a queue, was received from it, was deleted from it. */
  | 'sent'
  | 'received'
  | 'deleted'
  /** Its visibility was changed. */
  | 'postponed'
  /** A record has come to lie in a stream. */
  | 'arrived';

type TableOperation =
  | 'GetItem'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'Query'
  | 'BatchGetItem'
  | 'BatchWriteItem'
  | 'TransactWriteItems';

type OtherOperation =
  | 'SendMessage'
  | 'SendMessageBatch'
  | 'ReceiveMessage'
  | 'DeleteMessage'
  | 'DeleteMessageBatch'
  | 'ChangeMessageVisibility'
  | 'ChangeMessageVisibilityBatch'
  | 'GetQueueAttributes'
  | 'GetRecords'
  | 'PutRecords'
  | 'CreateSchedule'
  // Of Lambda, by the controller.
  | 'ListEventSourceMappings'
  | 'UpdateEventSourceMapping'
  | 'Invoke'
  // Of Step Functions, by steps, starters and keepers.
  | 'StartExecution'
  | 'DescribeExecution'
  | 'ListExecutions'
  | 'SendTaskSuccess'
  | 'SendTaskFailure'
  // Of services outside.
  | 'ServiceRequest'
  | 'ServiceQuery';

/** A request: `TransactWriteItems.inbox`, where it is for rows of a table, else `SendMessageBatch`. */
export type SiteRequest = `${TableOperation}.${RowKind | 'business'}` | OtherOperation;

/**
 * Where something can go wrong: a request of a function or of its event source, as `<function>.<Operation>.<kind of row>`, or
 * an event at a function, a queue or a stream. The exhaustive model of outbox, relay and inbox takes the same names.
 */
export type Site = `${string}.${SiteRequest | SiteEvent}`;

/** The site of a request. A transaction is named for the first of its rows that is in the ledger. */
export function siteOf(actor: string, { operation, input }: Request): Site {
  const row = rowIn(operation, input);
  const kind = row && (row.table === LEDGER ? rowKindOf(row.pk ?? '') : 'business');
  return `${actor}.${operation}${kind ? `.${kind}` : ''}` as Site;
}

/** The function, queue or stream of a site. */
export function actorOf(site: Site): string {
  return site.replace(SITE_END, '');
}

/** What happens at a site. */
export function happeningAt(site: Site): SiteRequest | SiteEvent {
  return (SITE_END.exec(site)?.[0].slice(1) ?? '') as SiteRequest | SiteEvent;
}

const SITE_END = /\.(?:[A-Z]\w*(?:\.[a-z-]+)?|[a-z]+)$/;

/** A row that a request is for. */
interface RequestedRow {
  readonly table: string | undefined;
  readonly pk: string | undefined;
}

function rowIn(operation: string, input: object): RequestedRow | undefined {
  switch (operation as TableOperation) {
    case 'PutItem':
    case 'GetItem':
    case 'UpdateItem':
    case 'DeleteItem':
      return rowOf(input as Write);
    case 'Query': {
      const { TableName: table, ExpressionAttributeValues } = input as QueryCommandInput;
      return { table, pk: ExpressionAttributeValues?.[':pk']?.S };
    }
    case 'BatchGetItem': {
      const [[table, keys] = []] = Object.entries((input as BatchGetItemCommandInput).RequestItems ?? {});
      return { table, pk: keys?.Keys?.[0]?.pk?.S };
    }
    case 'BatchWriteItem': {
      const [[table, writes] = []] = Object.entries((input as BatchWriteItemCommandInput).RequestItems ?? {});
      const { PutRequest, DeleteRequest } = writes?.[0] ?? {};
      return { table, pk: (PutRequest?.Item ?? DeleteRequest?.Key)?.pk?.S };
    }
    case 'TransactWriteItems': {
      const rows = ((input as TransactWriteItemsCommandInput).TransactItems ?? []).map(rowInTransaction);
      return rows.find(({ table }) => table === LEDGER) ?? rows[0];
    }
    default:
      return undefined;
  }
}

type Write = Pick<PutItemCommandInput, 'TableName' | 'Item'> & { readonly Key?: PutItemCommandInput['Item'] };

function rowInTransaction({ Put, Update, Delete, ConditionCheck }: TransactWriteItem): RequestedRow {
  return rowOf((Put ?? Update ?? Delete ?? ConditionCheck ?? {}) as Write);
}

function rowOf({ TableName: table, Item, Key }: Write): RequestedRow {
  return { table, pk: (Item ?? Key)?.pk?.S };
}

/** The names of the functions that no user names. */
export {
  CHECK_BACK,
  CONTROLLER,
  FORWARDER,
  RECONCILER,
  RELAY,
  SCALER,
  SWEEPER as SWEEP,
} from '../../testing/stack/queues.ts';
/** The function by which operators act. */
export const OPERATOR = 'operator';
export const PRODUCER = 'producer';
/** Where state machines run. */
export const STATES = 'states';
/** Where schedules of messages fire. */
export const SCHEDULER = 'scheduler';

/** The name of a subscriber's recorder. */
export function recorderOf(subscriber: string): string {
  return `${subscriber}-recorder`;
}

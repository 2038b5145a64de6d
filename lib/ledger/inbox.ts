import type { AttributeValue, Put } from '@aws-sdk/client-dynamodb';
import type { Environment } from '../aws/environment.ts';
import { momentOfChecked } from '../contract/timestamp.ts';
import type { Envelope } from '../message/envelope.ts';
import { messageTime } from '../message/message-id.ts';
import { type Condition, getRow, type Ledger, updateRow } from './ledger.ts';
import { type EndState, type InboxRow, inboxKey } from './rows/inbox.ts';
import { ttlAfter } from './rows/layout.ts';

/** How a message ended at a subscriber, as far as the row cannot tell it from the envelope. */
export interface Ending {
  readonly subscriber: string;
  readonly envelope: Envelope;
  readonly state: EndState;
  /** When it ended, in milliseconds since the epoch. @default now */
  readonly ended?: number;
  /** When the function received it, in milliseconds since the epoch. */
  readonly received: number;
  /** Deliveries until it ended. */
  readonly deliveries: number;
  readonly published?: readonly string[];
  /** Of a `dead` message: the error's code and message. */
  readonly reason?: string;
  readonly detail?: string;
  /** Where its handler's error was thrown. */
  readonly at?: string | undefined;
  readonly function: string;
  readonly request: string;
  /** Whether an operator has sent the message again: only then may it overwrite `dead`. */
  readonly redriven: boolean;
  /** The operation that did so; absent where it was sent otherwise. */
  readonly redrive?: string | undefined;
  /** The row that says `dead` and is overwritten; absent where none is known. */
  readonly before?: Pick<InboxRow, 'state' | 'hops'> | undefined;
}

const MAX_DETAIL = 1_000;

/** The write that ends a message, on condition that it has not ended yet. */
export function inboxPut({ environment, table }: Ledger, ending: Ending): Put {
  return { TableName: table, Item: inboxItem(environment, ending), ...unended(ending) };
}

/** How the message ended at the subscriber, read consistently; `undefined` while it has not. */
export function readInbox(ledger: Ledger, subscriber: string, id: string): Promise<InboxRow | undefined> {
  return getRow(ledger, inboxKey(subscriber, id));
}

/** Says of a message that has ended that its handler used its transaction though it had returned. */
export async function noteLateUse(ledger: Ledger, subscriber: string, id: string): Promise<void> {
  await updateRow(ledger, inboxKey(subscriber, id), {
    UpdateExpression: 'SET late = :now',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeValues: { ':now': { N: String(ledger.environment.now()) } },
  });
}

/** Its columns, written out one by one: it is the row that every message has. */
type Columns = { -readonly [Column in keyof InboxRow]?: AttributeValue };

function inboxItem(environment: Environment, ending: Ending): Record<string, AttributeValue> {
  const { subscriber, envelope, published = [], reason, detail, at, redrive } = ending;
  const { pk, sk } = inboxKey(subscriber, envelope.id);
  const columns: Columns = {
    pk: { S: pk },
    sk: { S: sk },
    state: { S: ending.state },
    type: { S: envelope.type },
    hops: { M: hopsOf(environment, ending) },
    attempts: { N: String(ending.deliveries) },
  };
  if (published.length > 0) columns.published = { L: published.map((id) => ({ S: id })) };
  if (reason) columns.reason = { S: reason };
  if (detail) columns.detail = { S: detail.slice(0, MAX_DETAIL) };
  if (at) columns.at = { S: at };
  if (redrive !== undefined) columns.redrive = { S: redrive };
  columns.ended = { M: { function: { S: ending.function }, request: { S: ending.request } } };
  columns.ttl = { N: String(ttlAfter(envelope.expires)) };
  return columns;
}

type HopColumns = { -readonly [Hop in keyof InboxRow['hops']]?: AttributeValue };

function hopsOf(environment: Environment, { envelope, received, ended }: Ending): Record<string, AttributeValue> {
  const { id, deliverat, relayed } = envelope;
  const hops: HopColumns = { committed: { N: String(messageTime(id)) } };
  if (deliverat) hops.due = { N: String(momentOfChecked(deliverat)) };
  if (relayed) hops.relayed = { N: String(momentOfChecked(relayed)) };
  hops.received = { N: String(received) };
  hops.ended = { N: String(ended ?? environment.now()) };
  return hops;
}

function unended({ redriven }: Ending): Condition {
  return {
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ...(redriven
      ? {
          ConditionExpression: 'attribute_not_exists(pk) OR #state = :dead',
          ExpressionAttributeNames: { '#state': 'state' },
          ExpressionAttributeValues: { ':dead': { S: 'dead' satisfies EndState } },
        }
      : { ConditionExpression: 'attribute_not_exists(pk)' }),
  };
}

import type { Put } from '@aws-sdk/client-dynamodb';
import { toItem } from '../aws/attribute.ts';
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
  return { TableName: table, Item: toItem(inboxRow(environment, ending)), ...unended(ending) };
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

function inboxRow(environment: Environment, ending: Ending): InboxRow {
  const { subscriber, envelope, state, received, deliveries, published = [], reason, detail, at } = ending;
  const { id } = envelope;
  return {
    ...inboxKey(subscriber, id),
    state,
    type: envelope.type,
    hops: {
      committed: messageTime(id),
      due: envelope.deliverat ? momentOfChecked(envelope.deliverat) : undefined,
      relayed: envelope.relayed ? momentOfChecked(envelope.relayed) : undefined,
      received,
      ended: ending.ended ?? environment.now(),
    },
    attempts: deliveries,
    published: published.length > 0 ? published : undefined,
    reason: reason || undefined,
    detail: detail?.slice(0, MAX_DETAIL) || undefined,
    at: at || undefined,
    redrive: ending.redrive,
    ended: { function: ending.function, request: ending.request },
    ttl: ttlAfter(envelope.expires),
  };
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

import { INBOX_AFTERLIFE, OUTBOX_PREFIX } from '../ledger/rows/layout.ts';
import { EXECUTION_INPUT, NEW_MESSAGE, SAGA_EXECUTION, TRACEPARENT } from './expression.ts';

/** A message that a state machine commits. */
export interface MachineMessage {
  readonly type: string;
  readonly version: number;
  readonly businessLine: string;
  /** Milliseconds from its commit after which nothing sends or handles it any more. */
  readonly lifetime: number;
  /** Milliseconds from its commit for which its row is kept at least. @default its lifetime */
  readonly kept?: number;
  /** JSONata of its payload. */
  readonly data: string;
  /** The ledger's table. */
  readonly table: string;
  /** The saga, which is the message's publisher. */
  readonly saga: string;
  /** Whether its end answers the task that commits it: then the row has the task's token. It is no part of the message. */
  readonly answers: boolean;
}

/** JSONata that binds `$now`, `$minute`, `$id`, `$shard` and evaluates to `body`. */
export function withNewMessage(body: string): string {
  return `( ${NEW_MESSAGE}; $shard := ${EXECUTION_INPUT}.shard; ${body} )`;
}

/**
 * JSONata of an outbox row in the first format, which every deployment reads: of the attributes of an `Item`, by
 * `withNewMessage`. The whole item is one expression, so that each try of a task mints an id of its own.
 */
export function messageItem(message: MachineMessage): string {
  const { type, businessLine, lifetime, kept = lifetime, answers } = message;
  const keepSeconds = Math.ceil((kept + INBOX_AFTERLIFE) / 1000);
  const columns = {
    pk: `'${OUTBOX_PREFIX}' & $minute & '#' & $shard`,
    sk: '$id',
    envelope: `$string(${envelopeExpression(message)})`,
    type: text(type),
    line: text(businessLine),
    ...(answers && { token: '$states.context.Task.Token' }),
  };
  const texts = Object.entries(columns).map(([name, value]) => `"${name}": {"S": ${value}}`);
  return `{${[...texts, `"ttl": {"N": $string($ceil($now / 1000) + ${keepSeconds})}`].join(', ')}}`;
}

function envelopeExpression(message: MachineMessage): string {
  const { type, version, businessLine, lifetime, data, table, saga } = message;
  const attributes = {
    specversion: text('1.0'),
    id: '$id',
    source: text(`/${table}/${saga}`),
    type: text(type),
    time: '$fromMillis($now)',
    datacontenttype: text('application/json'),
    partitionkey: `${EXECUTION_INPUT}.key`,
    version: String(version),
    businessline: text(businessLine),
    correlationid: `${EXECUTION_INPUT}.chain`,
    causationid: SAGA_EXECUTION,
    traceparent: TRACEPARENT,
    expires: `$fromMillis($now + ${lifetime})`,
    ledger: text(table),
    data,
  };
  const fields = Object.entries(attributes).map(([name, value]) => `"${name}": ${value}`);
  return `{${fields.join(', ')}}`;
}

/** The task's resource: DynamoDB's own API, by which a task's token can wait for its answer. */
export const PUT_ITEM = 'arn:aws:states:::aws-sdk:dynamodb:putItem';
export const TRANSACT_WRITE_ITEMS = 'arn:aws:states:::aws-sdk:dynamodb:transactWriteItems';
export const AND_WAIT = '.waitForTaskToken';

/** A text in JSONata. */
export function text(value: string): string {
  return JSON.stringify(value);
}

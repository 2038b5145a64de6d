import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { toItem } from '../aws/attribute.ts';
import type { ServiceError } from '../aws/errors.ts';
import { createConsumer } from '../consume/consume.ts';
import type { Consumer } from '../consume/consumer.ts';
import type { AnyHandler, HandlerRun } from '../consume/invocation.ts';
import { frameworkEvent } from '../contract/event.ts';
import { type SagaSettings, starterName } from '../contract/saga-settings.ts';
import { defineSubscriber } from '../contract/subscriber.ts';
import { type SagaStartRow, sagaStartKey } from '../ledger/rows/saga.ts';
import { payloadOf } from '../message/compression.ts';
import type { Envelope } from '../message/envelope.ts';
import { messageShard } from '../message/message-id.ts';
import { PendingTransaction } from '../transaction/pending-transaction.ts';
import { stepFunctionsOf } from './send-reply.ts';
import { sagaTtl } from './step-row.ts';

/** What a state machine is started with. */
export interface ExecutionInput {
  readonly input: unknown;
  /** The business key. */
  readonly key: string;
  /** The shard of the saga's messages in the ledger. */
  readonly shard: string;
  /** The id of the first message of the chain. */
  readonly chain: string;
  /** The trace id. */
  readonly trace: string;
  /** Of one that undoes what another has left: how that has ended. */
  readonly cause?: string;
}

const TRACE_ID = /^00-([0-9a-f]{32})-/;

/**
 * The handler of a saga's starter, a subscriber of the event that starts it: each message starts one execution, whose name is
 * the message's id, however often it comes.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 */
export function createStarter(settings: SagaSettings): Consumer {
  const subscriber = starterOf(settings);
  const handler: AnyHandler = async (_payload, { tx, message }, { ledger, effects }) => {
    const arn = await start(effects, settings, executionInput(effects.envelope));
    const row: SagaStartRow = {
      ...sagaStartKey(message.id),
      saga: settings.name,
      arn,
      started: ledger.environment.now(),
      ttl: sagaTtl(ledger),
    };
    const Put = { TableName: ledger.table, Item: toItem(row) };
    if (tx instanceof PendingTransaction) {
      tx.accompany({ item: { Put }, role: { kind: 'companion', of: 'saga' }, row: 'the execution' });
    }
  };
  return createConsumer(subscriber, handler, {});
}

/** The subscriber that starts a saga. It takes its input as it is: whoever published it has validated it. */
export function starterOf({ name, version, businessLine }: SagaSettings) {
  const schema: StandardSchemaV1 = {
    '~standard': { version: 1, vendor: 'waybill', validate: (value) => ({ value }) },
  };
  const event = { ...frameworkEvent(`saga.${name}`, { schema, key: () => '-', businessLine }), version };
  return defineSubscriber(starterName(name), { consumes: [event] });
}

/** What an execution is told of the message that has started it. */
export function executionInput(envelope: Envelope): ExecutionInput {
  return {
    input: payloadOf(envelope),
    key: envelope.partitionkey,
    shard: String(messageShard(envelope.id)),
    chain: envelope.correlationid,
    trace: TRACE_ID.exec(envelope.traceparent)?.[1] ?? '',
  };
}

async function start(
  { environment, envelope }: HandlerRun['effects'],
  { machine }: SagaSettings,
  input: ExecutionInput,
): Promise<string> {
  const arn = `${machine.replace(':stateMachine:', ':execution:')}:${envelope.id}`;
  const stepFunctions = await stepFunctionsOf(environment);
  try {
    const command = { stateMachineArn: machine, name: envelope.id, input: JSON.stringify(input) };
    const { executionArn = arn } = await stepFunctions.send(new StartExecutionCommand(command));
    return executionArn;
  } catch (error) {
    if ((error as ServiceError).name === 'ExecutionAlreadyExists') return arn;
    throw error;
  }
}

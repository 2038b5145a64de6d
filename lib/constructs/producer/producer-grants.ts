import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { BINDINGS } from '../../contract/bindings.ts';
import type { AnyTable } from '../../contract/table.ts';
import { grantKeyUse } from '../aws/encryption.ts';
import { bindVariable } from '../aws/function-binding.ts';
import { allow, SEND } from '../aws/grants.ts';
import { InvalidConstruct } from '../invalid-construct.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { deploymentGraphOf } from '../rules/prove-delivery.ts';
import { bindingRefusals, bindTables } from './business-tables.ts';
import type { PrepareGrantOptions, ProducerGrantOptions, SendGrantOptions } from './grant-options.ts';

/**
 * Lets a function that is no subscriber's handler commit messages to the ledger, with a business change or without.
 *
 * @throws InvalidConstruct when `tables` does not bind exactly what is in `writes`
 */
export function grantPublish(
  ledger: ILedger,
  producer: lambda.Function,
  options: ProducerGrantOptions & WrittenTables,
): iam.Grant {
  const { writes = [], tables = {} } = options;
  for (const reason of bindingRefusals(options.producer ?? producer.node.id, writes, tables)) {
    throw new InvalidConstruct(producer, reason);
  }
  bindTables(producer, tables);
  return grantProduce(ledger, producer, options, ['dynamodb:PutItem']);
}

/** The tables that a producer writes, whatever they are. */
interface WrittenTables {
  readonly writes?: readonly AnyTable[];
  readonly tables?: Readonly<Record<string, ITable>>;
}

/**
 * Lets a function send by handshake: the function puts each message into the ledger, sends it, and notes that it was
 * sent.
 */
export function grantSend(ledger: ILedger, producer: lambda.Function, options: SendGrantOptions): iam.Grant {
  const { forwardQueue } = ledger;
  deploymentGraphOf(ledger).handshakes.push({ ledger, producer });
  bindVariable(producer, BINDINGS.forwardQueueUrl, forwardQueue.queueUrl, forwardQueue);
  allow(producer, SEND, forwardQueue.queueArn);
  const actions = ['dynamodb:PutItem', 'dynamodb:BatchWriteItem', 'dynamodb:UpdateItem'];
  return grantProduce(ledger, producer, options, actions);
}

/** Lets a function prepare half messages, and decide them. */
export function grantPrepare(ledger: ILedger, producer: lambda.Function, options: PrepareGrantOptions): iam.Grant {
  const { queue } = options.checkBack;
  bindVariable(producer, BINDINGS.checkBackQueueUrl, queue.queueUrl, queue);
  return grantDecide(ledger, producer, options);
}

/** Lets a function commit half messages and roll them back. */
export function grantDecide(ledger: ILedger, decider: lambda.Function, options: ProducerGrantOptions): iam.Grant {
  return grantProduce(ledger, decider, options, ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']);
}

/** Lets a function cancel messages, which ends them at every subscriber, and put others in their place. */
export function grantCancel(ledger: ILedger, canceller: lambda.Function, options: ProducerGrantOptions): iam.Grant {
  const actions = ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'];
  return grantProduce(ledger, canceller, options, actions);
}

/** Tells a function which ledger it works on. */
export function bindLedger(ledger: ILedger, handler: lambda.Function): void {
  bindVariable(handler, BINDINGS.ledger, ledger.table.tableName, ledger);
  bindVariable(handler, BINDINGS.shards, String(ledger.shards));
}

function grantProduce(
  ledger: ILedger,
  producer: lambda.Function,
  options: ProducerGrantOptions,
  actions: readonly string[],
): iam.Grant {
  deploymentGraphOf(ledger).producers.push({ ledger, producer, publishes: options.publishes ?? [] });
  bindLedger(ledger, producer);
  bindVariable(producer, BINDINGS.producer, options.producer ?? producer.node.id);
  grantKeyUse(ledger.encryptionKey, producer);
  return allow(producer, actions, ledger.table.tableArn);
}

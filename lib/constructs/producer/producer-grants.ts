import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { BINDINGS } from '../../contract/bindings.ts';
import type { AnyTable } from '../../contract/table.ts';
import { oncePartitions, PARTITIONS } from '../../ledger/rows/partitions.ts';
import { grantKeyUse } from '../aws/encryption.ts';
import { bindVariable } from '../aws/function-binding.ts';
import { allow, SEND } from '../aws/grants.ts';
import { allowRows, type RowGrant } from '../aws/ledger-rows.ts';
import { InvalidConstruct } from '../invalid-construct.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { deploymentGraphOf } from '../rules/prove-delivery.ts';
import { bindingRefusals, bindTables } from './business-tables.ts';
import type { PrepareGrantOptions, ProducerGrantOptions, SendGrantOptions } from './grant-options.ts';

const { halves, inbox, outbox, routes } = PARTITIONS;

const PUBLISH: RowGrant = { actions: ['dynamodb:PutItem'], partitions: outbox };

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
  for (const reason of bindingRefusals(producerName(producer, options), writes, tables)) {
    throw new InvalidConstruct(producer, reason);
  }
  bindTables(producer, tables);
  const taken = oncePartitions(producerName(producer, options));
  return grantProduce(ledger, producer, options, [{ ...PUBLISH, partitions: [...outbox, ...taken] }]);
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
  return grantProduce(ledger, producer, options, [{ actions, partitions: outbox }]);
}

/** Lets a function prepare half messages, and decide them. */
export function grantPrepare(ledger: ILedger, producer: lambda.Function, options: PrepareGrantOptions): iam.Grant {
  const { queue } = options.checkBack;
  bindVariable(producer, BINDINGS.checkBackQueueUrl, queue.queueUrl, queue);
  return grantDecide(ledger, producer, options);
}

/** Lets a function commit half messages and roll them back. */
export function grantDecide(ledger: ILedger, decider: lambda.Function, options: ProducerGrantOptions): iam.Grant {
  const actions = ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'];
  return grantProduce(ledger, decider, options, [{ actions, partitions: halves }, PUBLISH]);
}

/** Lets a function cancel messages, which ends them at every subscriber, and put others in their place. */
export function grantCancel(ledger: ILedger, canceller: lambda.Function, options: ProducerGrantOptions): iam.Grant {
  return grantProduce(ledger, canceller, options, [
    { actions: ['dynamodb:Query'], partitions: routes },
    { actions: ['dynamodb:GetItem', 'dynamodb:PutItem'], partitions: [...outbox, ...inbox] },
    { actions: ['dynamodb:UpdateItem'], partitions: outbox },
  ]);
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
  rows: readonly RowGrant[],
): iam.Grant {
  deploymentGraphOf(ledger).producers.push({ ledger, producer, publishes: options.publishes ?? [] });
  bindLedger(ledger, producer);
  bindVariable(producer, BINDINGS.producer, producerName(producer, options));
  grantKeyUse(ledger.encryptionKey, producer);
  return rows.map((grant) => allowRows(producer, ledger.table, grant)).reduce((one, other) => one.combine(other));
}

function producerName(producer: lambda.Function, { producer: name }: ProducerGrantOptions): string {
  return name ?? producer.node.id;
}

import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct, type IConstruct } from 'constructs';
import { BINDINGS } from '../../contract/bindings.ts';
import type { EventDefinition } from '../../contract/event.ts';
import { effectPartitions, oncePartitions, PARTITIONS, tailPartitions } from '../../ledger/rows/partitions.ts';
import { grantKeyUse } from '../aws/encryption.ts';
import { bindVariable } from '../aws/function-binding.ts';
import { functionOf, type QualifiedFunction } from '../aws/function-of.ts';
import { allow, SEND } from '../aws/grants.ts';
import { allowRows, type RowGrant } from '../aws/ledger-rows.ts';
import { InvalidConstruct } from '../invalid-construct.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { allowSigning, bindSigning } from '../ledger/signing.ts';
import { deploymentGraphOf } from '../rules/prove-delivery.ts';
import { bindingRefusals, bindTables } from './business-tables.ts';
import type { AnyProducerGrantOptions, EffectGrantOptions, ICheckBack } from './grant-options.ts';

const {
  effects,
  eventTypes,
  failures,
  fences,
  formats,
  halves,
  inbox,
  outbox,
  redrives,
  routes,
  runningRedrives,
  shards,
} = PARTITIONS;

/** Whoever writes outbox rows asks in which format, and where a ledger grows, for how many shards. */
export function publishingRows({ maxShards }: ILedger): RowGrant {
  return { actions: ['dynamodb:GetItem'], partitions: [...formats, ...(maxShards === undefined ? [] : shards)] };
}

/** Tells a function that writes outbox rows what it may ask. */
export function bindPublishing(ledger: ILedger, handler: lambda.Function): void {
  const { maxShards } = ledger;
  bindSigning(ledger, handler);
  bindVariable(handler, BINDINGS.formats, 'ledger');
  if (maxShards !== undefined) bindVariable(handler, BINDINGS.maxShards, String(maxShards));
}

const PUBLISH: RowGrant = { actions: ['dynamodb:PutItem'], partitions: outbox };

/**
 * Lets somebody who is no subscriber's handler commit messages to the ledger, with a business change or without. A function
 * is told where everything is, too; what runs elsewhere says so to `connectLedger`.
 *
 * @throws InvalidConstruct when `tables` does not bind exactly what is in `writes`
 */
export function grantPublish(ledger: ILedger, grantee: iam.IGrantable, options: AnyProducerGrantOptions): iam.Grant {
  const taken = oncePartitions(producerName(functionIn(grantee), options));
  return grantProduce(ledger, grantee, options, [{ ...PUBLISH, partitions: [...outbox, ...taken] }]);
}

/**
 * Lets a producer send by handshake: it puts each message into the ledger, sends it, and notes that it was sent.
 *
 * @throws InvalidConstruct when `grantPublish` does
 */
export function grantSend(ledger: ILedger, grantee: iam.IGrantable, options: AnyProducerGrantOptions): iam.Grant {
  const { forwardQueue } = ledger;
  const producer = functionIn(grantee);
  deploymentGraphOf(ledger).handshakes.push({ ledger, producer: constructIn(grantee) ?? ledger });
  if (producer) bindVariable(producer, BINDINGS.forwardQueueUrl, forwardQueue.queueUrl, forwardQueue);
  allow(grantee, SEND, forwardQueue.queueArn);
  const actions = ['dynamodb:PutItem', 'dynamodb:BatchWriteItem', 'dynamodb:UpdateItem'];
  return grantProduce(ledger, grantee, options, [{ actions, partitions: outbox }]);
}

/**
 * Lets a producer prepare half messages, and decide them.
 *
 * @throws InvalidConstruct when `grantPublish` does
 */
export function grantPrepare(
  ledger: ILedger,
  grantee: iam.IGrantable,
  options: AnyProducerGrantOptions & { readonly checkBack: ICheckBack },
): iam.Grant {
  const { queue } = options.checkBack;
  const producer = functionIn(grantee);
  if (producer) bindVariable(producer, BINDINGS.checkBackQueueUrl, queue.queueUrl, queue);
  return grantDecide(ledger, grantee, options);
}

/** Lets a function commit half messages and roll them back. */
export function grantDecide(ledger: ILedger, decider: iam.IGrantable, options: AnyProducerGrantOptions): iam.Grant {
  const actions = ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'];
  return grantProduce(ledger, decider, options, [{ actions, partitions: halves }, PUBLISH]);
}

/**
 * Lets a producer cancel messages, which ends them at every subscriber, and put others in their place.
 *
 * @throws InvalidConstruct when `grantPublish` does
 */
export function grantCancel(ledger: ILedger, grantee: iam.IGrantable, options: AnyProducerGrantOptions): iam.Grant {
  deploymentGraphOf(ledger).cancellers.push({ ledger, canceller: constructIn(grantee) ?? ledger });
  return grantProduce(ledger, grantee, options, [
    { actions: ['dynamodb:Query'], partitions: routes },
    { actions: ['dynamodb:GetItem', 'dynamodb:PutItem'], partitions: [...outbox, ...inbox, ...effects] },
    { actions: ['dynamodb:UpdateItem'], partitions: [...outbox, ...fences] },
    // What is cancelled passes the fence of its order, and those behind it go on.
    { actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'], partitions: fences },
    { actions: ['dynamodb:ConditionCheckItem'], partitions: fences },
  ]);
}

/** Lets a producer call `effect`: have a service outside do something once. */
export function grantEffects(ledger: ILedger, grantee: iam.IGrantable, options: EffectGrantOptions): iam.Grant {
  const producer = functionIn(grantee);
  const name = producerName(producer, options);
  if (producer) {
    bindLedger(ledger, producer);
    bindVariable(producer, BINDINGS.producer, name);
  }
  grantKeyUse(ledger.encryptionKey, grantee);
  const actions = ['dynamodb:GetItem', 'dynamodb:UpdateItem'];
  return allowRows(grantee, ledger.table, { actions, partitions: effectPartitions(name) });
}

/** Lets somebody send again what is dead at a subscriber: the forwarder does it, and is told to. */
export function grantRedrive(ledger: ILedger, grantee: iam.IGrantable): iam.Grant {
  const { forwardQueue } = ledger;
  const operator = functionIn(grantee);
  if (operator) {
    bindLedger(ledger, operator);
    bindVariable(operator, BINDINGS.forwardQueueUrl, forwardQueue.queueUrl, forwardQueue);
  }
  grantKeyUse(ledger.encryptionKey, grantee);
  const rows: readonly RowGrant[] = [
    { actions: ['dynamodb:Query'], partitions: [...routes, ...eventTypes, ...shards] },
    { actions: ['dynamodb:BatchGetItem'], partitions: [...inbox, ...failures] },
    { actions: ['dynamodb:GetItem', 'dynamodb:PutItem'], partitions: redrives },
    { actions: ['dynamodb:DeleteItem'], partitions: runningRedrives },
  ];
  const grants = rows.map((grant) => allowRows(grantee, ledger.table, grant));
  return grants.reduce((one, other) => one.combine(other), allow(grantee, SEND, forwardQueue.queueArn));
}

/** Tells a function which ledger it works on. */
export function bindLedger(ledger: ILedger, handler: lambda.Function): void {
  bindVariable(handler, BINDINGS.ledger, ledger.table.tableName, ledger);
  bindVariable(handler, BINDINGS.shards, String(ledger.shards));
}

function grantProduce(
  ledger: ILedger,
  grantee: iam.IGrantable,
  { publishes = [], writes = [], tables = {}, tableActions = {}, ...options }: AnyProducerGrantOptions,
  rows: readonly RowGrant[],
): iam.Grant {
  const producer = functionIn(grantee);
  const at = constructIn(grantee) ?? ledger;
  const name = producerName(producer, options);
  for (const reason of bindingRefusals(name, writes, tables, Object.keys(tableActions))) {
    throw new InvalidConstruct(at, reason);
  }
  deploymentGraphOf(ledger).producers.push({ ledger, producer: at, publishes });
  if (producer) {
    bindLedger(ledger, producer);
    bindVariable(producer, BINDINGS.producer, name);
  }
  bindTables(grantee, producer, tables, tableActions);
  grantKeyUse(ledger.encryptionKey, grantee);
  if (producer) bindPublishing(ledger, producer);
  const all = [...rows, publishingRows(ledger), ...numberRows(publishes)];
  const grants = [...all.map((grant) => allowRows(grantee, ledger.table, grant)), ...allowSigning(ledger, grantee)];
  return grants.reduce((one, other) => one.combine(other));
}

/** Whoever publishes events that are in sequences counts their messages. */
export function numberRows(publishes: readonly EventDefinition[]): RowGrant[] {
  const partitions = tailPartitions(publishes);
  return partitions.length > 0 ? [{ actions: ['dynamodb:UpdateItem'], partitions }] : [];
}

/** What runs outside Lambda is called as `connectLedger` calls it. */
function producerName(producer: lambda.Function | undefined, { producer: name }: AnyProducerGrantOptions): string {
  return name ?? producer?.node.id ?? 'producer';
}

/** The function whose environment tells it where things are. */
function functionIn(grantee: iam.IGrantable): lambda.Function | undefined {
  const { functionArn } = grantee as Partial<QualifiedFunction>;
  if (functionArn === undefined) return undefined;
  const handler = functionOf(grantee as QualifiedFunction);
  if (typeof handler.addEnvironment === 'function') return handler;
  throw new InvalidConstruct(
    handler,
    'This function is imported, so that nothing can tell it where the ledger is: create it in this app, or grant to its role and use `connectLedger`',
  );
}

function constructIn(grantee: iam.IGrantable): IConstruct | undefined {
  return Construct.isConstruct(grantee) ? grantee : undefined;
}

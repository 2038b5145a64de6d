import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { BINDINGS, type EventDefinition } from '../contract/index.ts';
import { bindTables } from './business-tables.ts';
import { grantKeyUse } from './encryption.ts';
import { bindVariable } from './function-binding.ts';
import { allow } from './grants.ts';
import type { ILedger } from './ledger.ts';
import { DeploymentGraph } from './proof/index.ts';

export interface PublishOptions {
  /** The name in the `source` of its messages. @default the function's construct id */
  readonly producer?: string;
  /** The event types that it publishes: each is looked for on the ledger's channels. @default not looked for */
  readonly publishes?: readonly EventDefinition[];
  /** The business tables that it writes in the same transaction, by their definitions' names. @default none */
  readonly tables?: Readonly<Record<string, ITable>>;
}

/** Lets a function that is no subscriber's handler commit messages to the ledger, with a business change or without. */
export function grantPublish(ledger: ILedger, producer: lambda.Function, options: PublishOptions): iam.Grant {
  DeploymentGraph.of(ledger).producers.push({ ledger, producer, publishes: options.publishes ?? [] });
  bindLedger(ledger, producer);
  bindVariable(producer, BINDINGS.producer, options.producer ?? producer.node.id);
  bindTables(producer, options.tables ?? {});
  grantKeyUse(ledger.encryptionKey, producer);
  const grant = allow(producer, ['dynamodb:PutItem'], ledger.table.tableArn);
  grant.assertSuccess();
  return grant;
}

/** Tells a function which ledger it works on. */
export function bindLedger(ledger: ILedger, handler: lambda.Function): void {
  bindVariable(handler, BINDINGS.ledger, ledger.table.tableName, ledger);
  bindVariable(handler, BINDINGS.shards, String(ledger.shards));
}

import { CfnOutput, Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { type AnyTable, BINDINGS, tableBinding } from 'waybill';
import { ConsumerFunction, type Ledger, type Subscriber } from 'waybill/constructs';
import { outputName } from './output-name.ts';

/** Everything goes with its stack. */
export const removalPolicy = RemovalPolicy.DESTROY;

/** The function whose file, `functions/<file>.ts`, lies beside the app. */
export function functionOf(stack: Stack, app: string, name: string, file = name): ConsumerFunction {
  return new ConsumerFunction(stack, name, {
    entry: new URL(`./functions/${file}.ts`, app),
    timeout: Duration.seconds(5),
    logRemovalPolicy: removalPolicy,
  });
}

/** A business table whose keys are texts; a producer and a test find it by its binding. */
export function businessTable(stack: Stack, id: string, { name, partitionKey, sortKey }: AnyTable): TableV2 {
  const keyOf = (column: string) => ({ name: column, type: AttributeType.STRING });
  const table = new TableV2(stack, id, {
    partitionKey: keyOf(partitionKey),
    ...(sortKey && { sortKey: keyOf(sortKey) }),
    removalPolicy,
  });
  output(stack, tableBinding(name), table.tableName);
  return table;
}

/** What a stage reads by the same name. */
export function output(stack: Stack, name: string, value: string): void {
  new CfnOutput(stack, outputName(name), { value });
}

export function outputLedger(stack: Stack, ledger: Ledger): void {
  output(stack, BINDINGS.ledger, ledger.table.tableName);
  output(stack, BINDINGS.shards, String(ledger.shards));
}

type Deployed = Pick<Subscriber, 'handler' | 'queue' | 'deadLetterQueue'>;

export function outputSubscriber(stack: Stack, name: string, subscriber: Deployed): void {
  output(stack, name, subscriber.handler.functionName);
  output(stack, `${name}-queue`, subscriber.queue.queueUrl);
  output(stack, `${name}-dead-letters`, subscriber.deadLetterQueue.queueUrl);
}

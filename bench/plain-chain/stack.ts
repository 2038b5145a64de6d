import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Stream, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { KinesisEventSource, SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { type AnyTable, tableBinding } from 'waybill';
import { ConsumerFunction } from 'waybill/constructs';
import { TABLES } from '../../demo/deployment.ts';
import { OUTPUTS, QUEUE_STEPS, queueVariable, STREAM_STEP, STREAM_VARIABLE, type Step } from './deployment.ts';

/**
 * The hand-written chain with the capacity of the example shop: the same tables, batches, memory, timeouts and mode of the
 * stream. `ConsumerFunction` is but a function that is bundled as the shop's are.
 */
export class PlainCommerce extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const tables = Object.values(TABLES).map((definition) => [definition, businessTable(this, definition)] as const);
    const queues = QUEUE_STEPS.map((step) => [step, queueOf(this, step)] as const);
    const stream = new Stream(this, 'Orders', {
      streamMode: StreamMode.ON_DEMAND,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const environment = {
      ...Object.fromEntries(tables.map(([{ name }, table]) => [tableBinding(name), table.tableName])),
      ...Object.fromEntries(queues.map(([step, queue]) => [queueVariable(step), queue.queueUrl])),
      [STREAM_VARIABLE]: stream.streamName,
    };
    const functionOf = (step: Step) => {
      const deployed = new ConsumerFunction(this, `${step}-function`, {
        entry: new URL(`./functions/${step}.ts`, import.meta.url),
        timeout: Duration.seconds(10),
        logRemovalPolicy: RemovalPolicy.DESTROY,
        environment,
      });
      for (const [, table] of tables) table.grants.readWriteData(deployed);
      for (const [, queue] of queues) queue.grants.sendMessages(deployed);
      new CfnOutput(this, OUTPUTS.logs(step), { value: deployed.logGroup.logGroupName });
      return deployed;
    };
    for (const [step, queue] of queues) {
      functionOf(step).addEventSource(new SqsEventSource(queue, { batchSize: 10, reportBatchItemFailures: true }));
    }
    functionOf(STREAM_STEP).addEventSource(
      new KinesisEventSource(stream, {
        startingPosition: StartingPosition.TRIM_HORIZON,
        batchSize: 100,
        retryAttempts: 10,
        reportBatchItemFailures: true,
      }),
    );
    for (const [name, value] of Object.entries(environment)) new CfnOutput(this, OUTPUTS.variable(name), { value });
  }
}

function businessTable(stack: Stack, { name, partitionKey, sortKey }: AnyTable): TableV2 {
  const key = (column: string) => ({
    name: column,
    type: column === 'paymentSequence' ? AttributeType.NUMBER : AttributeType.STRING,
  });
  return new TableV2(stack, `${name}-table`, {
    partitionKey: key(partitionKey),
    ...(sortKey && { sortKey: key(sortKey) }),
    removalPolicy: RemovalPolicy.DESTROY,
  });
}

function queueOf(stack: Stack, step: Step): Queue {
  return new Queue(stack, `${step}-queue`, {
    visibilityTimeout: Duration.seconds(60),
    deadLetterQueue: { queue: new Queue(stack, `${step}-dead-letters`), maxReceiveCount: 5 },
  });
}

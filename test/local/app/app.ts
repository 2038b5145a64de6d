import { fileURLToPath } from 'node:url';
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Code, Function as InlineFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { Queue } from 'aws-cdk-lib/aws-sqs';

/** The smallest app with everything that a deploy has to carry: an asset, an event source, two stacks, a context value. */
const app = new App();

const store = new Stack(app, 'Store');
const table = new TableV2(store, 'Counters', {
  partitionKey: { name: 'id', type: AttributeType.STRING },
  removalPolicy: RemovalPolicy.DESTROY,
});
new CfnOutput(store, 'TableName', { value: table.tableName });

const work = new Stack(app, 'Work');
const queue = new Queue(work, 'Orders', { visibilityTimeout: Duration.seconds(60) });
const count = new NodejsFunction(work, 'Count', {
  entry: fileURLToPath(new URL('count.ts', import.meta.url)),
  runtime: Runtime.NODEJS_24_X,
  timeout: Duration.seconds(10),
  environment: { TABLE: table.tableName },
  bundling: {
    bundleAwsSDK: true,
    format: OutputFormat.ESM,
    banner:
      "import { createRequire as requireOfBundle } from 'node:module'; const require = requireOfBundle(import.meta.url);",
  },
});
table.grants.readWriteData(count);
count.addEventSource(new SqsEventSource(queue));
const greet = new InlineFunction(work, 'Greet', {
  code: Code.fromInline(`exports.handler = async () => '${app.node.getContext('greeting')}';`),
  handler: 'index.handler',
  runtime: Runtime.NODEJS_24_X,
});
new CfnOutput(work, 'QueueUrl', { value: queue.queueUrl });
new CfnOutput(work, 'GreetName', { value: greet.functionName });

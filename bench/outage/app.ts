import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { ConsumerFunction, Ledger, QueueChannel } from 'waybill/constructs';
import { ChargeCard, ChargeRequested } from '../../examples/breaker/contract.ts';
import { OPEN_MS, OUTPUTS, PROVIDER, STACK_NAME } from './deployment.ts';

/** The CDK app of the drill: the subscriber of examples/breaker, held to few invocations, so that it soon has its whole load back. */
const app = new App();
const stack = new Stack(app, STACK_NAME);
const removalPolicy = RemovalPolicy.DESTROY;
const ledger = new Ledger(stack, 'Ledger', { removalPolicy });
const charges = new QueueChannel(stack, 'Charges', { ledger, events: [ChargeRequested] });
const handler = new ConsumerFunction(stack, 'ChargeCard', {
  entry: new URL('../../examples/breaker/functions/charge-card.ts', import.meta.url),
  environment: { PROVIDER_URL: String(app.node.tryGetContext(PROVIDER)) },
  timeout: Duration.seconds(10),
  logRemovalPolicy: removalPolicy,
});
const { deadLetterQueue } = charges.addSubscriber(ChargeCard, {
  handler,
  maxConcurrency: 8,
  breaker: { open: Duration.millis(OPEN_MS) },
});
for (const [name, value] of Object.entries({
  [OUTPUTS.ledger]: ledger.table.tableName,
  [OUTPUTS.shards]: String(ledger.shards),
  [OUTPUTS.deadLetters]: deadLetterQueue.queueUrl,
})) {
  new CfnOutput(stack, name, { value });
}

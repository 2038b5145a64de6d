import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { ConsumerFunction, Ledger, LedgerWatcher, QueueChannel } from 'waybill/constructs';
import { ChargeCard, ChargeRequested } from '../../examples/breaker/contract.ts';
import { OUTPUTS, PROVIDER } from '../outage/deployment.ts';

/** The CDK app of the drill: a subscriber without a breaker that may hang for a minute, and a watcher. */
const app = new App();
const stack = new Stack(app, 'StallDrill');
const removalPolicy = RemovalPolicy.DESTROY;
const ledger = new Ledger(stack, 'Ledger', { removalPolicy });
const charges = new QueueChannel(stack, 'Charges', { ledger, events: [ChargeRequested] });
const handler = new ConsumerFunction(stack, 'ChargeCard', {
  entry: new URL('./charge-card.ts', import.meta.url),
  environment: { PROVIDER_URL: String(app.node.tryGetContext(PROVIDER)) },
  timeout: Duration.seconds(60),
  logRemovalPolicy: removalPolicy,
});
const { deadLetterQueue } = charges.addSubscriber(ChargeCard, { handler, maxConcurrency: 4 });
new LedgerWatcher(stack, 'Watcher', { ledger });
for (const [name, value] of Object.entries({
  [OUTPUTS.ledger]: ledger.table.tableName,
  [OUTPUTS.shards]: String(ledger.shards),
  [OUTPUTS.deadLetters]: deadLetterQueue.queueUrl,
})) {
  new CfnOutput(stack, name, { value });
}

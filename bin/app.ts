import { App, Duration } from 'aws-cdk-lib';
import { Commerce } from '../examples/commerce/stack.ts';

/**
 * The CDK app of cdk.json: the example shop. Context: `disposable=true` lets `cdk destroy` delete its data too,
 * `deadline=<seconds>` says how soon after its commit a message should have ended.
 */
// A subscriber's name is its identity: one that is renamed is renamed here too, or refused.
const subscribers = ['count-sales', 'note-shipping', 'reserve-stock', 'take-payment'];
const app = new App({ context: { 'waybill:subscribers': subscribers } });
const deadline = Number(app.node.tryGetContext('deadline'));

new Commerce(app, 'Commerce', {
  disposable: String(app.node.tryGetContext('disposable')) === 'true',
  ...(deadline > 0 && { deadline: Duration.seconds(deadline) }),
});

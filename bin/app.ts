import { App, Duration } from 'aws-cdk-lib';
import { Charges } from '../examples/breaker/stack.ts';
import { Commerce } from '../examples/commerce/stack.ts';
import { FlashSale } from '../examples/flash-sale/stack.ts';

/**
 * The CDK app of cdk.json: the example shop. Context: `disposable=true` lets `cdk destroy` delete its data too,
 * `deadline=<seconds>` says how soon after its commit a message should have ended; `paymentProvider=<url>` is where the shop
 * has orders charged; `provider=<url>` adds the stack of an outage drill, whose handler asks that provider; `flashSale=<json>` that of a
 * flash sale, with thresholds for its scaler.
 */
// A subscriber's name is its identity: one that is renamed is renamed here too, or refused.
const subscribers = ['count-sales', 'note-shipping', 'reserve-stock', 'take-payment'];
const app = new App();
const provider: unknown = app.node.tryGetContext('provider');
const sale: unknown = app.node.tryGetContext('flashSale');
app.node.setContext('waybill:subscribers', [
  ...(sale ? ['book-courier'] : []),
  ...(provider ? ['charge-card'] : []),
  ...subscribers,
  ...(sale ? ['sell-piece'] : []),
]);
const paymentProvider: unknown = app.node.tryGetContext('paymentProvider');
const deadline = Number(app.node.tryGetContext('deadline'));

new Commerce(app, 'Commerce', {
  disposable: String(app.node.tryGetContext('disposable')) === 'true',
  ...(deadline > 0 && { deadline: Duration.seconds(deadline) }),
  ...(paymentProvider ? { paymentProvider: String(paymentProvider) } : {}),
});

if (provider) {
  new Charges(app, 'Charges', { providerUrl: String(provider), open: Duration.seconds(10), disposable: true });
}

if (sale) {
  const { cooldownSeconds, deadlineSeconds, ...scale } = JSON.parse(String(sale)) as Readonly<Record<string, number>>;
  new FlashSale(app, 'FlashSale', {
    scale: { ...scale, cooldown: Duration.seconds(cooldownSeconds ?? 0) },
    deadline: Duration.seconds(deadlineSeconds ?? 0),
    disposable: true,
  });
}

import { App } from 'aws-cdk-lib';
import { Travel } from '../../../examples/travel/stack.ts';

/** The app of the saga drill. Context: `provider=<url>` is where the payment provider is. */
const app = new App();
new Travel(app, 'Travel', { providerUrl: String(app.node.tryGetContext('provider')), disposable: true });

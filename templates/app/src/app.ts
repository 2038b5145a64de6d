import { App } from 'aws-cdk-lib';
import { Shop } from './stack.ts';

const app = new App();
// `--context disposable=true` lets `cdk destroy` delete the data too: for trying it out.
new Shop(app, 'Shop', { disposable: app.node.tryGetContext('disposable') === 'true' });

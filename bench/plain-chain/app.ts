import { App } from 'aws-cdk-lib';
import { STACK_NAME } from './deployment.ts';
import { PlainCommerce } from './stack.ts';

/** The CDK app of the hand-written chain that `npm run bench -- chain` deploys beside the example shop. */
new PlainCommerce(new App(), STACK_NAME);

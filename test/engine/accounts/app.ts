import { App } from 'aws-cdk-lib';
import { Accounts } from './stack.ts';

new Accounts(new App(), 'Accounts');

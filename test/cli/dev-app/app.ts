import { App } from 'aws-cdk-lib';
import { Packing } from './stack.ts';

new Packing(new App(), 'Packing');

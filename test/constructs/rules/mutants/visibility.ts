import { CfnResource, NestedStack, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { testStack } from '../../shop-app.ts';
import { hatch, source } from '../proved-shop.ts';
import { drop, everywhere, type Mutant, override } from './mutant.ts';

const MINUTE = 60;

export const visibility: Mutant[] = [
  {
    rule: 'visibility-timeout',
    name: 'the default',
    mutate: ({ reserve }) => drop(reserve.queue, 'VisibilityTimeout'),
  },
  {
    rule: 'visibility-timeout',
    name: 'one second too little',
    mutate: ({ reserve }) => override(reserve.queue, 'VisibilityTimeout', 119),
  },
  {
    rule: 'visibility-timeout',
    name: 'a function that was given more time by an escape hatch',
    mutate: ({ countHandler }) => override(countHandler, 'Timeout', 5 * MINUTE),
  },
  {
    rule: 'visibility-timeout',
    name: 'a batching window that was added to the event source',
    mutate: ({ reserveHandler }) => override(source.ofQueue(reserveHandler), 'MaximumBatchingWindowInSeconds', 20),
  },
  {
    rule: 'visibility-timeout',
    name: 'an Aspect that gives every function of other stacks more time',
    options: { spread: true },
    mutate: (shop) =>
      everywhere(shop, 'AWS::Lambda::Function', (target) => {
        if (Stack.of(target).stackName === 'Handlers') override(target, 'Timeout', 21);
      }),
  },
  {
    rule: 'visibility-timeout',
    name: 'a function in a nested stack',
    options: {
      spread: true,
      stackIn: (id, app) => {
        const parent = app.node.tryFindChild('Parent') ?? testStack('Parent', app);
        return new NestedStack(parent, id);
      },
    },
    mutate: ({ reserveHandler }) => override(reserveHandler, 'Timeout', 21),
  },
  {
    rule: 'visibility-timeout',
    name: 'the recorder',
    mutate: ({ reserve }) => override(reserve.recorder, 'Timeout', 31),
  },
  {
    rule: 'visibility-timeout',
    name: 'a further queue of another stack',
    mutate: ({ app, reserveHandler }) =>
      reserveHandler.addEventSource(
        new SqsEventSource(otherQueue(testStack('Further', app)), { reportBatchItemFailures: true }),
      ),
  },
  {
    rule: 'visibility-timeout',
    name: 'a further queue that is imported by its ARN, of another stack of the app',
    mutate: ({ app, stack, reserveHandler }) => {
      otherQueue(testStack('Further', app), { queueName: 'further' });
      const arn = 'arn:aws:sqs:eu-central-1:111122223333:further';
      const queue = sqs.Queue.fromQueueArn(stack, 'Imported', arn);
      reserveHandler.addEventSource(new SqsEventSource(queue, { reportBatchItemFailures: true }));
    },
  },
  {
    rule: 'visibility-timeout',
    name: 'a further queue behind an alias',
    mutate: ({ stack, reserveHandler }) => {
      const target = new lambda.Alias(stack, 'Live', { aliasName: 'live', version: reserveHandler.currentVersion });
      const eventSourceArn = otherQueue(stack).queueArn;
      new lambda.EventSourceMapping(stack, 'Source', { target, eventSourceArn, reportBatchItemFailures: true });
    },
  },
  {
    rule: 'visibility-timeout',
    name: 'a further queue in an L1 that spells the logical ids out',
    mutate: ({ stack, reserveHandler }) => {
      const [queue, target] = [otherQueue(stack), hatch(reserveHandler)].map((it) => stack.getLogicalId(hatch(it)));
      new CfnResource(stack, 'Source', {
        type: 'AWS::Lambda::EventSourceMapping',
        properties: {
          FunctionName: { Ref: target },
          EventSourceArn: { 'Fn::GetAtt': [queue, 'Arn'] },
          FunctionResponseTypes: ['ReportBatchItemFailures'],
        },
      });
    },
  },
];

/** A queue that is made right but for what is given. */
function otherQueue(stack: Stack, props: sqs.QueueProps = {}): sqs.Queue {
  return new sqs.Queue(stack, 'Other', props);
}

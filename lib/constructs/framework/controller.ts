import { Duration, Names, Stack, Tags } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct, type IConstruct } from 'constructs';
import { BINDINGS } from '../../contract/bindings.ts';
import { PARTITIONS } from '../../ledger/rows/partitions.ts';
import { CONSUME, SEND } from '../aws/grants.ts';
import { WildcardPolicy } from '../aws/wildcard-policy.ts';
import { WorkQueue } from '../aws/work-queue.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { deploymentGraphOf } from '../rules/prove-delivery.ts';
import { CONTROLLER_TAG } from './controller-tag.ts';
import { FrameworkFunction } from './framework-function.ts';

/** How long an invocation of the controller takes at most: a probe lasts as long as its handler does. */
export const CONTROLLER_TIMEOUT = Duration.minutes(2);

/** A control message is received once more for each look at its circuit, and is sent anew after 500. */
const CONTROL_RECEIVES = 1_000;

/**
 * The function that looks after the circuits of an app's subscribers on one ledger, and the queue that wakes it. What it may
 * control is tagged: a policy that named each event source would be full after some tens of subscribers.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/attribute-based-access-control.html
 */
export class Controller extends Construct {
  /** The controller of a ledger's subscribers in this app: made with the first that has a breaker. */
  static of(ledger: ILedger): Controller {
    const known = ledger.node.tryFindChild('Controller') as Controller | undefined;
    return known ?? new Controller(ledger, 'Controller', ledger);
  }

  readonly queue: sqs.Queue;
  readonly function: lambda.Function;
  /** The value of the tag. */
  readonly tag: string;

  private constructor(scope: Construct, id: string, ledger: ILedger) {
    super(scope, id);
    this.tag = Names.uniqueResourceName(this, { maxLength: 120 });
    const { encryptionKey } = ledger;
    const control = new WorkQueue(this, 'Control', {
      encryptionKey,
      timeout: CONTROLLER_TIMEOUT,
      maxReceiveCount: CONTROL_RECEIVES,
    });
    this.queue = control.queue;
    const controller = new FrameworkFunction(this, 'Function', {
      ledger,
      asset: 'controller',
      description: 'Waybill: closes the circuits of subscribers whose providers failed',
      environment: { [BINDINGS.controlQueueUrl]: control.queue.queueUrl },
      allows: [
        [[...CONSUME, 'sqs:ChangeMessageVisibility'], control.queue.queueArn],
        [SEND, control.queue.queueArn],
      ],
      rows: [
        { actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'], partitions: PARTITIONS.circuits },
        { actions: ['dynamodb:Query'], partitions: [...PARTITIONS.routes, ...PARTITIONS.eventTypes] },
      ],
      timeout: CONTROLLER_TIMEOUT,
      memorySize: 256,
    });
    this.function = controller.function;
    new WildcardPolicy(this, 'Controlled', controller.role, this.#controlling(), CONTROLLING);
    new lambda.EventSourceMapping(this, 'Queue', {
      target: this.function,
      eventSourceArn: control.queue.queueArn,
      batchSize: 1,
      reportBatchItemFailures: true,
    });
    const { queue, deadLetterQueue } = control;
    const deployed = { ledger, consumer: this.function, queue, deadLetterQueue };
    deploymentGraphOf(this).addWorkQueue({ construct: control, purpose: 'control', ...deployed });
  }

  /** Lets the controller control what is tagged: a function, an event source, a queue. */
  control(...controlled: readonly IConstruct[]): void {
    for (const one of controlled) Tags.of(one).add(CONTROLLER_TAG, this.tag, { applyToLaunchedInstances: false });
  }

  #controlling(): iam.PolicyStatement[] {
    const stack = Stack.of(this);
    const conditions = { StringEquals: { [`aws:ResourceTag/${CONTROLLER_TAG}`]: this.tag } };
    const arn = (service: string, resource: string) => stack.formatArn({ service, resource });
    return [
      new iam.PolicyStatement({ actions: ['lambda:ListEventSourceMappings'], resources: ['*'] }),
      new iam.PolicyStatement({
        actions: ['lambda:UpdateEventSourceMapping'],
        resources: [arn('lambda', 'event-source-mapping:*')],
        conditions,
      }),
      new iam.PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: [arn('lambda', 'function:*')],
        conditions,
      }),
      new iam.PolicyStatement({
        actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
        resources: [arn('sqs', '*')],
        conditions,
      }),
    ];
  }
}

const CONTROLLING =
  'ListEventSourceMappings knows no resource; whatever else the controller does is limited to what its subscribers have tagged';

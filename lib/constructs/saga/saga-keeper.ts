import { Duration, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { BINDINGS } from '../../contract/bindings.ts';
import { PARTITIONS, stuckPartitions } from '../../ledger/rows/partitions.ts';
import { CONSUME } from '../aws/grants.ts';
import { WildcardPolicy } from '../aws/wildcard-policy.ts';
import { WorkQueue } from '../aws/work-queue.ts';
import { EveryMinute } from '../framework/every-minute.ts';
import type { LogOptions } from '../framework/execution.ts';
import { FrameworkFunction } from '../framework/framework-function.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';
import { deploymentGraphOf } from '../rules/prove-delivery.ts';

interface SagaKeeperProps extends LogOptions {
  readonly ledger: ILedger;
  readonly saga: string;
  /** `SagaSettings`, as JSON. */
  readonly settings: string;
  readonly machine: sfn.StateMachine;
  readonly unwindMachine: sfn.StateMachine;
}

const TIMEOUT = Duration.minutes(1);
/** An execution that has ended by itself is told so often until another one undoes what it left. */
const RECEIVES = 100;

/** The function that counts a saga's executions each minute, and has those undone that have ended by themselves. */
export class SagaKeeper extends FrameworkFunction {
  constructor(scope: Construct, id: string, props: SagaKeeperProps) {
    const { ledger, saga, settings, machine, unwindMachine } = props;
    const { encryptionKey } = ledger;
    super(scope, id, {
      ledger,
      asset: 'saga-keeper',
      description: `Waybill: keeps the saga '${saga}' from being left half done`,
      environment: { [BINDINGS.saga]: settings },
      allows: [
        [['states:ListExecutions'], machine.stateMachineArn],
        [['states:ListExecutions', 'states:StartExecution'], unwindMachine.stateMachineArn],
      ],
      rows: [
        { actions: ['dynamodb:GetItem'], partitions: PARTITIONS.sagas },
        { actions: ['dynamodb:Query'], partitions: stuckPartitions(saga) },
        { actions: ['dynamodb:PutItem'], partitions: PARTITIONS.sagaCounts },
      ],
      timeout: TIMEOUT,
      memorySize: 256,
      logRetention: props.logRetention,
    });
    const executions = [machine, unwindMachine].map(({ stateMachineName }) =>
      Stack.of(this).formatArn({ service: 'states', resource: `execution:${stateMachineName}:*` }),
    );
    const describe = new iam.PolicyStatement({ actions: ['states:DescribeExecution'], resources: executions });
    new WildcardPolicy(
      this,
      'Executions',
      this.role,
      [describe],
      'Executions are named by the messages that start them',
    );
    const work = new WorkQueue(this, 'Unwind', { encryptionKey, timeout: TIMEOUT, maxReceiveCount: RECEIVES });
    new events.Rule(this, 'Ended', {
      description: `Waybill: executions of the saga '${saga}' that have ended by themselves`,
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
          stateMachineArn: [machine.stateMachineArn, unwindMachine.stateMachineArn],
        },
      },
      targets: [new SqsQueue(work.queue, { deadLetterQueue: work.deadLetterQueue })],
    });
    this.consume(work, ledger);
    new EveryMinute(this, 'EveryMinute', {
      function: this.function,
      description: `Waybill: counts what runs and what is stuck of the saga '${saga}'`,
      encryptionKey,
    });
  }

  private consume(work: WorkQueue, ledger: ILedger): void {
    const { queue, deadLetterQueue } = work;
    this.role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: [...CONSUME], resources: [queue.queueArn] }));
    new lambda.EventSourceMapping(this, 'Queue', {
      target: this.function,
      eventSourceArn: queue.queueArn,
      batchSize: 1,
      reportBatchItemFailures: true,
    });
    const deployed = { ledger, consumer: this.function, queue, deadLetterQueue };
    deploymentGraphOf(this).addWorkQueue({ construct: work, purpose: 'unwind', ...deployed });
  }
}

import { Stack, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { PARTITIONS, stuckPartitions } from '../../ledger/rows/partitions.ts';
import type { StateMachine } from '../../machine/states.ts';
import { grantKeyUse } from '../aws/encryption.ts';
import { allowRows } from '../aws/ledger-rows.ts';
import type { ILedger } from '../ledger/ledger-interface.ts';

interface SagaMachineProps {
  readonly ledger: ILedger;
  readonly saga: string;
  readonly definition: StateMachine;
}

/** A Standard state machine whose role may do one thing: put rows of messages, of executions, and of what is stuck. */
export class SagaMachine extends Construct {
  readonly stateMachine: sfn.StateMachine;

  constructor(scope: Construct, id: string, { ledger, saga, definition }: SagaMachineProps) {
    super(scope, id);
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('states.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    const partitions = [...PARTITIONS.outbox, ...PARTITIONS.sagas, ...stuckPartitions(saga)];
    const granted = allowRows(role, ledger.table, { actions: ['dynamodb:PutItem'], partitions });
    grantKeyUse(ledger.encryptionKey, role);
    this.stateMachine = new sfn.StateMachine(this, 'Machine', {
      role: role.withoutPolicyUpdates(),
      stateMachineType: sfn.StateMachineType.STANDARD,
      definitionBody: sfn.DefinitionBody.fromString(JSON.stringify(definition)),
    });
    granted.applyBefore(this.stateMachine);
    Validations.of(this.stateMachine).acknowledge(
      {
        id: 'AwsSolutions-SF1',
        reason:
          'Step Functions keeps the history of each execution for 90 days; a log of all events would hold payloads and tokens',
      },
      {
        id: 'AwsSolutions-SF2',
        reason: 'Its messages carry the trace of the one that started it: `waybill trace` tells them',
      },
    );
  }
}

import { Duration } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { HALF_PREFIX, OUTBOX_PREFIX } from '../../ledger/rows/layout.ts';
import { PARTITIONS } from '../../ledger/rows/partitions.ts';
import { allow } from '../aws/grants.ts';
import { allowRows } from '../aws/ledger-rows.ts';
import { allowDiscarding, streamSourceOptions } from '../ledger/quarantine.ts';
import { allowPostponing, type DispatcherProps, dispatching } from './dispatcher.ts';
import { FrameworkFunction } from './framework-function.ts';

export interface RelayProps extends DispatcherProps {
  readonly parallelizationFactor: number;
}

/**
 * The function that carries committed messages from the ledger's stream to their destinations, and asks the producers of
 * half messages for their decision.
 */
export class Relay extends FrameworkFunction {
  constructor(scope: Construct, id: string, props: RelayProps) {
    const { table, quarantineBucket } = props.ledger;
    const streamArn = table.tableStreamArn ?? '';
    super(scope, id, {
      ...props,
      ...dispatching(props),
      asset: 'relay',
      description: 'Waybill: relays committed messages to their subscribers',
      timeout: Duration.seconds(60),
      memorySize: 512,
    });
    allowPostponing(this, props);
    allowRows(this.role, table, { actions: ['dynamodb:PutItem'], partitions: PARTITIONS.shards });
    allow(
      this.role,
      ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
      streamArn,
    );
    const discarded = allowDiscarding(this, this.role, quarantineBucket);

    const source = new lambda.EventSourceMapping(this, 'Outbox', {
      target: this.function,
      eventSourceArn: streamArn,
      ...streamSourceOptions(quarantineBucket),
      batchSize: 500,
      parallelizationFactor: props.parallelizationFactor,
      retryAttempts: 100,
      filters: [
        lambda.FilterCriteria.filter({
          eventName: lambda.FilterRule.isEqual('INSERT'),
          dynamodb: { Keys: { pk: { S: WAKING.flatMap((prefix) => lambda.FilterRule.beginsWith(prefix)) } } },
        }),
      ],
    });
    source.node.addDependency(discarded);
  }
}

/**
 * The rows that the relay wakes on. Rows of handshakes are among them, and the relay passes them over: a filter that
 * asks for what is not there is read differently by AWS and by local engines, and what no filter matches is lost.
 */
const WAKING = [OUTBOX_PREFIX, HALF_PREFIX];

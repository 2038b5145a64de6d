import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { PARTITIONS } from '../../ledger/rows/partitions.ts';
import type { LogOptions } from './execution.ts';
import { FrameworkFunction, type LedgerParts } from './framework-function.ts';

export interface RouteRegistrarProps extends LogOptions {
  readonly ledger: LedgerParts;
  /** @default CloudFormation chooses it */
  readonly functionName?: string;
}

/** The function behind the custom resources by which subscribers write their routes into the ledger. */
export class RouteRegistrar extends FrameworkFunction {
  constructor(scope: Construct, id: string, props: RouteRegistrarProps) {
    super(scope, id, {
      ...props,
      asset: 'registrar',
      description: 'Waybill: writes who expects which event types',
      allows: [],
      rows: [
        { actions: ['dynamodb:Query'], partitions: PARTITIONS.routes },
        { actions: ['dynamodb:PutItem'], partitions: [...PARTITIONS.routes, ...PARTITIONS.eventTypes] },
      ],
      timeout: Duration.seconds(60),
      memorySize: 256,
    });
  }
}

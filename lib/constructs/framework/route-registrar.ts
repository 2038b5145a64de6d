import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { PARTITIONS } from '../../ledger/rows/partitions.ts';
import type { LogOptions } from './execution.ts';
import { FrameworkFunction, type LedgerParts } from './framework-function.ts';

const { eventTypes, formats, routes } = PARTITIONS;

export interface RouteRegistrarProps extends LogOptions {
  readonly ledger: LedgerParts;
  /** @default CloudFormation chooses it */
  readonly functionName?: string;
}

/** The function behind the custom resources by which subscribers write their routes into the ledger, and a ledger its format. */
export class RouteRegistrar extends FrameworkFunction {
  constructor(scope: Construct, id: string, props: RouteRegistrarProps) {
    super(scope, id, {
      ...props,
      asset: 'registrar',
      description: 'Waybill: writes who expects which event types',
      allows: [],
      rows: [
        { actions: ['dynamodb:Query'], partitions: [...routes, ...eventTypes] },
        { actions: ['dynamodb:PutItem'], partitions: [...routes, ...eventTypes, ...formats] },
        { actions: ['dynamodb:GetItem'], partitions: formats },
      ],
      timeout: Duration.seconds(60),
      memorySize: 256,
    });
  }
}

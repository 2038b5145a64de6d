import { CustomResource, Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { FORMAT_RESOURCE, FORMATS, NEWEST_FORMAT } from '../../ledger/rows/format.ts';
import { InvalidConstruct } from '../invalid-construct.ts';
import { deploymentGraphOf } from '../rules/prove-delivery.ts';
import type { ILedger } from './ledger-interface.ts';

export interface OutboxFormatProps {
  readonly ledger: ILedger;
  /** @default a new ledger starts at the newest, any other keeps its own */
  readonly format?: number;
}

/**
 * The ledger's row that says in which format outbox rows are written. A new ledger has it before anybody reads; a format that
 * is asked for is turned on once the stack's subscribers are deployed.
 */
export class OutboxFormat extends CustomResource {
  /** @throws InvalidConstruct when this version does not know the format */
  constructor(scope: Construct, id: string, { ledger, format }: OutboxFormatProps) {
    if (format !== undefined && (!Number.isInteger(format) || format < FORMATS.plain || format > NEWEST_FORMAT)) {
      throw new InvalidConstruct(
        scope,
        `\`format\` is ${format}: give a whole number from ${FORMATS.plain} to ${NEWEST_FORMAT}, or leave it out`,
      );
    }
    super(scope, id, {
      resourceType: FORMAT_RESOURCE,
      serviceToken: ledger.registerRoutesArn,
      serviceTimeout: Duration.minutes(5),
      properties: { ...(format !== undefined && { format }) },
    });
    deploymentGraphOf(this).eachSubscriber(({ channel, route }) => {
      if (channel.ledger !== ledger || Stack.of(route) !== Stack.of(this)) return;
      if (format === undefined) route.node.addDependency(this);
      else this.node.addDependency(route);
    });
  }
}
